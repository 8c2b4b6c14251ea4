"""Zip files and gzip around a dump."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import ask
from tests.lab import make_dump

__all__ = ["FUZZER"]


class FUZZER(Fuzzer):
    about = "zip files and gzip"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        truth = make_dump(folder / "a.dmp", "x86-7601", 4)
        raw = Path(truth.path).read_bytes()
        self._symbols = truth.symbols
        self._archives = [gzip.compress(raw, 1, mtime=0)]
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w", method) as archive:
                archive.writestr(zipfile.ZipInfo("a.dmp"), raw, method)
                archive.writestr(zipfile.ZipInfo("b.txt"), b"text")
            self._archives.append(stream.getvalue())
        self._path = folder / "archive.zip"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        raw = bytearray(draw.choice(self._archives))
        size = len(raw) - (draw.number(2) if draw.number() == 1 else 0)
        while draw.is_left:
            # What tells of the files stands at both ends.
            at = draw.number(2) % 0x200
            at = at if draw.number() & 1 else len(raw) - 1 - at
            width = (1, 2, 4)[draw.number() % 3]
            value = draw.word((len(raw),)) & ((1 << 8 * width) - 1)
            raw[at : at + width] = value.to_bytes(width, "little")[: len(raw) - at]
        self._path.write_bytes(raw[: max(size, 0)])
        ask(["list", "--json", "-z", str(self._path), "-y", self._symbols])
