"""Guesses at where the page tables of a physical memory begin, the likeliest first.

What the container's registers say; the real-mode stub that Windows starts processors with, in the
first MiB; a top table that maps itself, as Windows' do (x64, ARM64, x86 without PAE), or the four
pointers of PAE, in low memory and then in all.

Sources: PROCESSOR_START_BLOCK as in MemProcFS and in "Getting Physical" (Alex Ionescu); the
entries' bits as in :mod:`.page_tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from .memory import PAGE
from .page_tables import ARM64, X64, X64_LA57, X86, X86_PAE, Paging

if TYPE_CHECKING:
    from .architecture import ArchitectureName
    from .protocol import Container

__all__ = ["Guess", "table_guesses"]


class Guess(NamedTuple):
    """A top page table, and a VA of the kernel's code or 0."""

    directory: int
    pagings: tuple[tuple[ArchitectureName, Paging], ...]
    code: int = 0


_64_BITS: tuple[tuple[ArchitectureName, Paging], ...] = (("x64", X64), ("x64", X64_LA57))
_ANY_64_BITS = (*_64_BITS, ("arm64", ARM64))
_PAE: tuple[tuple[ArchitectureName, Paging], ...] = (("x86", X86_PAE),)
_NO_PAE: tuple[tuple[ArchitectureName, Paging], ...] = (("x86", X86),)

_LOW_FRAMES = 0x1000  # 16 MiB
_LOW_FRAMES_32 = 0x4000
_NO_END = 1 << 36  # the pages that 48 bits of an address tell apart
_AT_ONCE = 0x100  # pages: what lies far away is read as far as it is needed


def table_guesses(memory: Container) -> Iterator[Guess]:
    """Each is to be tried: most are wrong."""
    for directory in dict.fromkeys(each & ~0xFFF for each in memory.hints.directory_tables):
        yield Guess(directory, _ANY_64_BITS)
    for directory, code in _start_blocks(memory):
        yield Guess(directory, _64_BITS, code)
    for directory in _self_maps(memory, 1, _LOW_FRAMES):
        yield Guess(directory, _ANY_64_BITS)
    for directory in _pae_pointers(memory, _LOW_FRAMES_32):
        yield Guess(directory, _PAE)
    for directory in _self_maps_32(memory, _LOW_FRAMES_32):
        yield Guess(directory, _NO_PAE)
    for directory in _self_maps(memory, _LOW_FRAMES, _NO_END):
        yield Guess(directory, _ANY_64_BITS)


# PROCESSOR_START_BLOCK: a jump and a completion flag; LmTarget, a VA of the kernel, and the
# kernel's CR3.
_START_BLOCK, _START_MASK = 0x0000_0001_0006_00E9, 0xFFFF_FFFF_FFFF_00FF
_START_TARGET, _START_CR3 = 0x70, 0xA0
_LOW_STUBS = range(1, 0x100)
_WORD = Struct("<Q")
_POINTERS = Struct("<4Q")


def _start_blocks(memory: Container) -> Iterator[tuple[int, int]]:
    for frame in _LOW_STUBS:
        page = memory.page(frame)
        if page and _WORD.unpack_from(page)[0] & _START_MASK == _START_BLOCK:
            code = _WORD.unpack_from(page, _START_TARGET)[0]
            directory = _WORD.unpack_from(page, _START_CR3)[0]
            if code >> 43 == 0x1F_FFFF and not directory & 0xFFFF_FF00_0000_0FFF:
                yield directory, code


def _self_maps(memory: Container, low: int, high: int) -> Iterator[int]:
    """Pages with exactly one entry in their upper half that leads to the page itself."""
    for start, data in _stretches(memory, low, high):
        for frame in _naming_themselves(start, data):
            offset = (frame - start) * PAGE
            if _maps_itself(data[offset : offset + PAGE], frame):
                yield frame * PAGE


_ALIKE = 16  # pages whose entries for themselves have the same bits 16 to 47


def _naming_themselves(start: int, data: bytes) -> Iterator[int]:
    """The pages of ``data``, whose first is ``start``, that may have an entry for themselves.

    Those that are alike are searched together, and of each entry one byte first: several GB/s.
    """
    end = start + len(data) // PAGE
    for first in range(start & -_ALIKE, end, _ALIKE):
        frame, behind = max(first, start), min(first + _ALIKE, end)
        alike = data[(frame - start) * PAGE : (behind - start) * PAGE]
        bits = (first >> 4).to_bytes(4, "little")
        rare = next((index for index, byte in enumerate(bits) if byte), 0)  # as zeros are not
        column, byte = alike[2 + rare :: 8], bits[rare : rare + 1]
        at = column.find(byte)
        while at >= 0:
            if alike.startswith(bits, 8 * at + 2):
                page = 8 * at // PAGE
                yield frame + page
                at = (page + 1) * PAGE // 8 - 1
            at = column.find(byte, at + 1)


def _stretches(memory: Container, low: int, high: int) -> Iterator[tuple[int, bytes]]:
    """The pages that there are from one frame up to another: the first one's, and their bytes."""
    for first, count in memory.runs:
        frame, end = max(first, low), min(first + count, high)
        while frame < end:
            data = memory.pages(frame, min(_AT_ONCE, end - frame))
            if data:
                yield frame, data
            frame += len(data) // PAGE or 1


def _maps_itself(page: bytes, frame: int) -> bool:
    needle = (frame >> 4).to_bytes(4, "little")  # bits 16 to 47 of an entry
    entries = 0
    at = page.find(needle, PAGE // 2 + 2)
    while at >= 0:
        if at % 8 == 2:
            entry = _WORD.unpack_from(page, at - 2)[0]
            entries += entry & 1 and entry >> 12 & 0xF_FFFF_FFFF == frame
        at = page.find(needle, at + 1 + (1 - at) % 8)  # from the next entry's on
    return entries == 1


# The last of four page directory pointers: there, no bit set that is to be clear (Intel SDM 3A
# 4.4.1), below 64 GiB. By a pattern, since most memory is none.
_LAST_POINTER = (
    rb"\x01[\x00\x10\x20\x30\x40\x50\x60\x70\x80\x90\xA0\xB0\xC0\xD0\xE0\xF0]..[\0-\x0F]\0\0\0"
)


def _pae_pointers(memory: Container, high: int) -> Iterator[int]:
    """Four page directory pointers, of which the last, the system's, is there."""
    pattern = re.compile(_LAST_POINTER, re.DOTALL)
    for frame, data in _stretches(memory, 1, high):
        for match in pattern.finditer(data):
            offset = match.end() - _POINTERS.size
            if not offset % _POINTERS.size and all(
                not each or each & 0xFFFF_FFF0_0000_0FFF == 1
                for each in _POINTERS.unpack_from(data, offset)
            ):
                yield frame * PAGE + offset


_SELF_MAP_32 = Struct("<I")
_SELF_MAP_32_AT = 4 * 0x300  # the entry of 0xC0000000, where Windows maps its page tables


def _self_maps_32(memory: Container, high: int) -> Iterator[int]:
    for frame, data in _stretches(memory, 1, high):
        for offset in range(0, len(data), PAGE):
            entry = _SELF_MAP_32.unpack_from(data, offset + _SELF_MAP_32_AT)[0]
            if entry & 1 and entry >> 12 == frame + offset // PAGE:
                yield entry & -PAGE
