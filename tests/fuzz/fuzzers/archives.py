"""Zip files and gzip around a dump."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

from tests.fuzz.byte_pokes import poked
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
        raw = draw.choice(self._archives)
        size = len(raw) - (draw.number(2) if draw.number() == 1 else 0)

        def place() -> int:
            """What tells of the files stands at both ends."""
            at = draw.number(2) % 0x200
            return at if draw.number() & 1 else len(raw) - 1 - at

        changed = poked(raw, draw, place, (len(raw),))
        self._path.write_bytes(changed[: max(size, 0)])
        ask(["list", "--json", "-z", str(self._path), "-y", self._symbols])
