"""hiberfil.sys of 64-bit Windows 8 to 11: pages in sets, each set compressed by itself.

Offsets of PO_MEMORY_IMAGE by its own length, and the form of a set: LeechCore's device_hibr.c. A
set is a count of descriptors, a size and how it is packed, the descriptors (page number and pages
that follow), and the pages: as they are where they have their own size, else Xpress-Huffman, or
Xpress without.
A file that Windows has resumed from keeps its header, and no pages.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from struct import Struct, error
from typing import TYPE_CHECKING, NamedTuple

from ..errors import TargetError, UnsupportedTarget
from ..fields import unpack_at, unsigned
from ..needles import places
from ..physical import PAGE, Hints, Progress, silent
from .container import damaged

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes

_KIND = "hibernation file"
_MAGICS = (b"HIBR", b"hibr", b"WAKE", b"wake", b"RSTR", b"rstr")

_LENGTH = Struct("<12xI")  # LengthSelf
_WORD = Struct("<Q")
_BOOT_PAGES = 0x58  # NumPagesForLoader


class _Offsets(NamedTuple):
    """Where the two restoration sets begin, in pages of the file, and the pages of the second."""

    boot_first: int  # FirstBootRestorePage
    kernel_first: int  # FirstKernelRestorePage
    kernel_pages: int  # KernelPagesProcessed


_OFFSETS = {  # by LengthSelf
    0x360: _Offsets(0x60, 0x68, 0x1C8),  # 8, 8.1
    0x3B0: _Offsets(0x68, 0x70, 0x218),  # 10240, 10586
    0x3C8: _Offsets(0x68, 0x70, 0x220),  # 14393
    0x3D8: _Offsets(0x68, 0x70, 0x230),  # 15063 to 17134
    0x3E0: _Offsets(0x68, 0x70, 0x230),  # 17763 to 19041
    0x448: _Offsets(0x68, 0x70, 0x230),  # 20348 to 22621
    0x4D8: _Offsets(0x68, 0x70, 0x238),  # 26100
}

_HEAD = Struct("<I")  # of a set: descriptors (8 bits), bytes of its pages (22), how (2)
_HUFFMAN = 3 << 30
_MOST_PAGES = 16  # in a set
_CACHED = 256  # sets
_MOST_TOLD = 4  # problems
_MORE = "more pages of this hibernation file cannot be unpacked"


def _pages_at(descriptor: int) -> int:
    """How many pages a descriptor is for: how many follow the first is in its low bits."""
    return (descriptor & 0xF) + 1


def detect(head: bytes, _: str) -> bool:
    return head.startswith(_MAGICS)


def open_container(data: FileBytes) -> Container:
    return HibernationFile(data)


class _Set(NamedTuple):
    """Where its pages lie in the file, their bytes, how many they are, and how they are packed."""

    offset: int
    size: int
    pages: int
    has_huffman: bool


class HibernationFile:
    """Fulfils :class:`..protocol.Container`; sets are unpacked when one of their pages is asked
    for."""

    kind = _KIND
    hints = Hints(is_frozen=True)

    def __init__(self, data: FileBytes) -> None:
        """Raises TargetError for a file with no pages, or of a Windows that is not known."""
        self.path = data.path
        self.problems: list[str] = []
        self._data = data
        self._sets: list[_Set] = []
        self._places: list[tuple[int, int, int, int]] = []  # first page, how many, set, index in it
        self._unpacked: dict[int, bytes] = {}
        try:
            self._read()
        except error:
            raise damaged(data.path, _KIND, "it ends in its header") from None
        if not self._places:
            raise TargetError(
                f"{data.path}: this hibernation file holds no pages: Windows has resumed from it"
            )
        self._places.sort()
        self._firsts = [first for first, *_ in self._places]
        self.runs: Sequence[tuple[int, int]] = [(first, count) for first, count, *_ in self._places]

    @property
    def top(self) -> int:
        first, count, *_ = self._places[-1]
        return first + count

    def page(self, frame: int) -> bytes | None:
        at = bisect_right(self._firsts, frame) - 1
        if at < 0:
            return None
        first, count, number, index = self._places[at]
        if frame >= first + count:
            return None
        start = (index + frame - first) * PAGE
        data = self._pages_of(number)[start : start + PAGE]
        return data if len(data) == PAGE else None

    def pages(self, frame: int, most: int) -> bytes:
        found = []
        for number in range(frame, frame + min(most, _MOST_PAGES)):
            page = self.page(number)
            if page is None:
                break
            found.append(page)
        return b"".join(found)

    def word(self, address: int, size: int) -> int | None:
        page = self.page(address >> 12)
        start = address & (PAGE - 1)
        return None if page is None else unsigned(page, start, size)

    def find(
        self, needle: bytes, progress: Progress = silent, step: int = 1, first: int = 0
    ) -> Iterator[int]:
        in_file = sorted(self._places, key=lambda place: place[2:])
        for done, (frame, count, number, index) in enumerate(in_file):
            data = self._pages_of(number)[index * PAGE : (index + count) * PAGE]
            yield from (frame * PAGE + at for at in places(data, needle, step, first))
            progress(done + 1, len(in_file))

    def close(self) -> None:
        self._data.close()

    def _read(self) -> None:
        (length,) = unpack_at(_LENGTH, self._data)
        offsets = _OFFSETS.get(length)
        if offsets is None:
            raise UnsupportedTarget(
                f"{self.path}: a hibernation file of a Windows that regcb does not know "
                f"(PO_MEMORY_IMAGE of {length:#x} bytes)"
            )
        self._read_sets(self._word(offsets.boot_first) * PAGE, self._word(_BOOT_PAGES))
        self._read_sets(self._word(offsets.kernel_first) * PAGE, self._word(offsets.kernel_pages))

    def _word(self, offset: int) -> int:
        value: int = unpack_at(_WORD, self._data, offset)[0]
        return value

    def _read_sets(self, at: int, pages: int) -> None:
        """The sets from the file offset ``at`` on, with as many pages in all."""
        while pages > 0 and at + _HEAD.size <= len(self._data):
            (head,) = unpack_at(_HEAD, self._data, at)
            count, size = head & 0xFF, head >> 8 & 0x3F_FFFF
            data = at + _HEAD.size + 8 * count
            is_there = size and data + size <= len(self._data)
            places = range(at + _HEAD.size, data, 8) if is_there else ()
            descriptors = [self._word(each) for each in places]
            held = sum(map(_pages_at, descriptors))
            if not 0 < held <= _MOST_PAGES:
                self.problems.append(
                    f"the hibernation file is damaged at {at:#x}: {pages} pages are missing"
                )
                return
            index = 0
            for each in descriptors:
                self._places.append((each >> 4, _pages_at(each), len(self._sets), index))
                index += _pages_at(each)
            self._sets.append(_Set(data, size, held, bool(head & _HUFFMAN)))
            pages -= held
            at = data + size

    def _pages_of(self, number: int) -> bytes:
        if number not in self._unpacked:
            found = self._sets[number]
            data = self._data[found.offset : found.offset + found.size]
            if found.size != found.pages * PAGE:
                data = self._unpack(data, found)
            if len(self._unpacked) >= _CACHED:
                self._unpacked.clear()
            self._unpacked[number] = data
        return self._unpacked[number]

    def _unpack(self, data: bytes, found: _Set) -> bytes:
        from .. import xpress, xpress_huffman  # noqa: PLC0415 - other images need none

        unpack = xpress_huffman.unpack if found.has_huffman else xpress.unpack
        try:
            return unpack(data, found.pages * PAGE)
        except xpress.BadXpress as why:
            self._note(f"the pages at {found.offset:#x} cannot be unpacked: {why}")
            return b""

    def _note(self, problem: str) -> None:
        """A few lines at most: each set may be one of its own."""
        if problem not in self.problems and _MORE not in self.problems:
            self.problems.append(problem if len(self.problems) < _MOST_TOLD else _MORE)
