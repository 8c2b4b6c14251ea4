"""A dump of the lab that somebody changes: at virtual addresses, and with more memory mapped.

Of 64-bit dumps with runs (type 1) and four levels of tables. The tables are walked here once more:
what is fuzzed does not say where the bytes are put.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

__all__ = ["PAGE", "ForgedDump"]

PAGE = 0x1000
_HEADER = 0x2000
_DIRECTORY, _RUNS = 0x10, 0x88
_FRAME = 0x0000_FFFF_FFFF_F000
_PRESENT = 0x63  # present, writable, accessed, dirty
_SHIFTS = (39, 30, 21, 12)


class ForgedDump:
    """The bytes of a dump, ``raw``."""

    def __init__(self, raw: bytes) -> None:
        self.raw = bytearray(raw)
        (self._directory,) = struct.unpack_from("<Q", raw, _DIRECTORY)

    @classmethod
    def of(cls, path: str | Path) -> ForgedDump:
        return cls(Path(path).read_bytes())

    def put(self, address: int, data: bytes) -> None:
        """Writes ``data`` at a VA; raises KeyError where it is not mapped."""
        for start in range(0, len(data), 8):
            piece = data[start : start + 8]
            for index, byte in enumerate(piece):
                self.raw[self.offset(address + start + index)] = byte

    def pointer(self, address: int, value: int) -> None:
        """Writes a pointer at a VA."""
        self.put(address, struct.pack("<Q", value & ((1 << 64) - 1)))

    def get(self, address: int, size: int) -> int:
        """The number at a VA, on one page."""
        offset = self.offset(address)
        return int.from_bytes(self.raw[offset : offset + size], "little")

    def offset(self, address: int) -> int:
        """The file offset of a VA; raises KeyError where it is not mapped."""
        table = self._directory & _FRAME
        for shift in _SHIFTS:
            entry = self._entry(table, address >> shift & 0x1FF)
            if not entry & 1:
                raise KeyError(f"{address:#x} is not mapped")
            if shift != 12 and entry & 0x80:
                rest = address & ((1 << shift) - 1)
                return self._place((entry & _FRAME & -(1 << shift)) + rest)
            table = entry & _FRAME
        return self._place(table + (address & (PAGE - 1)))

    def add_pages(self, *pages: bytes) -> int:
        """New memory behind all there is; the physical address of its first page."""
        runs = self._runs()
        frame = max(base + count for base, count in runs) + 0x1000
        self.raw += b"".join(page.ljust(PAGE, b"\0") for page in pages)
        count = len(runs)
        struct.pack_into("<2Q", self.raw, _RUNS + 0x10 + 0x10 * count, frame, len(pages))
        struct.pack_into("<I", self.raw, _RUNS, count + 1)
        return frame * PAGE

    def map(self, address: int, physical: int, shift: int = 12) -> None:
        """The table entry of ``shift`` for a VA leads to ``physical``: a page, or a table."""
        table = self._directory & _FRAME
        for each in _SHIFTS:
            place = self._place(table + 8 * (address >> each & 0x1FF))
            if each == shift:
                struct.pack_into("<Q", self.raw, place, physical | _PRESENT)
                return
            (entry,) = struct.unpack_from("<Q", self.raw, place)
            if not entry & 1:
                entry = self.add_pages(b"") | _PRESENT
                struct.pack_into("<Q", self.raw, place, entry)
            table = entry & _FRAME

    def map_everywhere(self, address: int, pages: Sequence[bytes]) -> None:
        """The gigabyte of ``address`` is full of ``pages``, again and again: three pages more."""
        first = self.add_pages(*pages)
        entries = [first + PAGE * (index % len(pages)) | _PRESENT for index in range(512)]
        table = self.add_pages(struct.pack("<512Q", *entries))
        directory = self.add_pages(struct.pack("<512Q", *[table | _PRESENT] * 512))
        self.map(address, directory, shift=30)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.raw)
        return path

    def _runs(self) -> list[tuple[int, int]]:
        (count,) = struct.unpack_from("<I", self.raw, _RUNS)
        return [struct.unpack_from("<2Q", self.raw, _RUNS + 0x10 + 0x10 * i) for i in range(count)]

    def _entry(self, table: int, index: int) -> int:
        place = self._place(table + 8 * index)
        return int.from_bytes(self.raw[place : place + 8], "little")

    def _place(self, physical: int) -> int:
        offset = _HEADER
        for base, count in self._runs():
            if base * PAGE <= physical < (base + count) * PAGE:
                return offset + physical - base * PAGE
            offset += count * PAGE
        raise KeyError(f"{physical:#x} is not in the dump")
