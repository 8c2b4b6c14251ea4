"""E01 images, as ewfacquire writes them."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

from tests.fuzz.byte_pokes import poked
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import ask
from tests.lab import make_dump

__all__ = ["FUZZER"]

_FIRST, _DESCRIPTOR = 13, 76  # bytes of a file's header, of a section's


class FUZZER(Fuzzer):
    about = "E01 images"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        truth = make_dump(folder / "memory.raw", "x64-19041", "raw", callbacks=1)
        self._symbols = truth.symbols
        self._images = []
        for name, options in (("a", "-c deflate:best"), ("b", "-c none -f encase6")):
            words = ["ewfacquire", "-u", "-q", "-t", str(folder / name), *options.split()]
            subprocess.run([*words, truth.path], check=True, capture_output=True)
            self._images.append((folder / f"{name}.E01").read_bytes())
        self._sections = [_sections(each) for each in self._images]
        self._path = folder / "changed.E01"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        number = draw.number() % len(self._images)
        raw, sections = self._images[number], self._sections[number]
        is_held = draw.number() % 4 > 0
        size = len(raw) - (draw.number(3) if draw.number() == 1 else 0)

        def place() -> int:
            """A section's descriptor or what it begins with; or anywhere."""
            at = draw.number(2)
            if at & 1:
                return min(draw.choice(sections) + (at >> 1) % 0xC0, len(raw) - 1)
            return at * 61 % len(raw)

        changed = poked(raw, draw, place, (len(raw), *sections), (1, 2, 4, 8))
        for at in sections if is_held else ():
            end = at + _DESCRIPTOR - 4
            struct.pack_into("<I", changed, end, zlib.adler32(changed[at:end]))
        self._path.write_bytes(changed[: max(size, 0)])
        ask(["list", "--json", "-z", str(self._path), "-y", self._symbols])


def _sections(raw: bytes) -> list[int]:
    """Where each section's descriptor stands; each says where the next is."""
    found, at = [], _FIRST
    while at not in found and at + _DESCRIPTOR <= len(raw):
        found.append(at)
        (at,) = struct.unpack_from("<16xQ", raw, at)
    return found
