"""Where the pages lie in a dump that has a bit for each: types 2, 5, 6 and 7.

BMP_HEADER64: Windows 8 on, kdmp-parser-structs.h. SUMMARY_DUMP32 and 64 of the kernel dumps
before: can1357/selene, from the WDK.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from .errors import TargetError
from .fields import unpack_at, unsigned
from .physical import PAGE, Pages

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = ["Bitmap"]


class _BitmapHeader(NamedTuple):
    """What stands before the bits: FirstPage, the file offset of the first page; TotalPresentPages;
    Pages, which is how many bits there are."""

    fields: struct.Struct
    bitmap: dict[int, int]  # where they begin, by the size of the dump's header

    def read(self, data: FileBytes, header: int) -> tuple[int, int, int, int]:
        """Those three, and the bitmap's file offset; zeros where the file ends before."""
        if header + self.fields.size > len(data):
            return 0, 0, 0, 0
        first_page, present, bits = unpack_at(self.fields, data, header)
        return first_page, present, bits, header + self.bitmap[header]


# The bits of a SUMMARY_DUMP32 begin where the other has the first page's offset, so it comes first
# for kernel dumps of old.
_BMP_HEADER = _BitmapHeader(struct.Struct("<32xQQQ"), {0x2000: 0x38, 0x1000: 0x38})
_SUMMARY_HEADER = _BitmapHeader(struct.Struct("<12xI4xII"), {0x2000: 0x28, 0x1000: 0x20})


class Bitmap(Pages):
    """A bit for every physical page; the set ones follow in order.

    The rank of a bit is a running count over blocks of the bitmap, made as far as it is needed.
    """

    _BLOCK = 0x200  # bytes of bitmap: 4096 pages

    def __init__(self, data: FileBytes, header: int, is_old: bool, path: str) -> None:
        signature = data[header : header + 8]
        if signature not in (b"SDMPDUMP", b"FDMPDUMP"):
            raise TargetError(f"{path}: no page bitmap at {header:#x} (found {signature!r})")
        for layout in (_SUMMARY_HEADER, _BMP_HEADER) if is_old else (_BMP_HEADER,):
            first, present, bits, bitmap = layout.read(data, header)
            if first and bitmap + bits // 8 <= first:
                break
        else:
            raise TargetError(f"{path}: the page bitmap at {header:#x} is damaged")
        self._data = data
        self._first_page, self._bits, self._bitmap = first, bits, bitmap
        self._ranks = [0]
        self.start, self.end = first, first + present * PAGE

    @property
    def top(self) -> int:
        return self._bits

    def address(self, offset: int) -> int | None:
        return self._frame(offset) * PAGE + (offset - self._first_page) % PAGE

    def _frame(self, offset: int) -> int:
        rank = (offset - self._first_page) // PAGE
        blocks = -(-self._bits // (self._BLOCK * 8))
        while self._ranks[-1] <= rank and len(self._ranks) <= blocks:
            self._ranks.append(self._ranks[-1] + self._count(len(self._ranks) - 1, self._BLOCK * 8))
        block = bisect_right(self._ranks, rank) - 1
        left = rank - self._ranks[block]
        low, high = 0, self._BLOCK * 8
        while low < high:  # the bit that ``left`` set ones come before
            middle = (low + high) // 2
            if self._count(block, middle + 1) <= left:
                low = middle + 1
            else:
                high = middle
        return block * self._BLOCK * 8 + low

    def offset(self, frame: int) -> int | None:
        if frame >= self._bits:
            return None
        byte = self._data[self._bitmap + (frame >> 3) : self._bitmap + (frame >> 3) + 1]
        if not byte or not byte[0] >> (frame & 7) & 1:
            return None
        block = (frame >> 3) // self._BLOCK
        while len(self._ranks) <= block:
            self._ranks.append(self._ranks[-1] + self._count(len(self._ranks) - 1, self._BLOCK * 8))
        rank = self._ranks[block] + self._count(block, frame - block * self._BLOCK * 8)
        return self._first_page + rank * PAGE

    def _count(self, block: int, bits: int) -> int:
        """The set ones among the first ``bits`` bits of a block."""
        start = self._bitmap + block * self._BLOCK
        value = unsigned(self._data, start, (bits + 7) // 8)
        return bin(value & ((1 << bits) - 1)).count("1")
