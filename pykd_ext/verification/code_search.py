"""Where the kernel's code names an address, and which function that is in, without symbols."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator

from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from ..target.function_table import extent_of
from ..target.image import Section, sections
from .room_target import RoomTarget

__all__ = ["CodeSearch"]

# x64: the last bytes of an instruction with [rip+disp32] (ModRM: mod 0, rm 5), and how many bytes
# an immediate behind it may have.
_RELATIVE = re.compile(rb"(?=[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?s:(....)))")
_IMMEDIATES = (0, 1, 4)
_PAGE = re.compile(rb"(?s:...)[\x90\xb0\xd0\xf0]")  # adrp
_CALL = re.compile(rb"(?=\xe8(?s:(.{4})))")
_BRANCH = re.compile(rb"(?s:...)[\x14-\x17\x94-\x97]")  # b, bl
_STARTS_TRIED = 3  # x86: of functions before a place


class CodeSearch:
    """The kernel's executable sections, the discardable ones first."""

    def __init__(self, target: RoomTarget) -> None:
        self._target = target
        parts = [each for each in sections(target.memory, target.nt_base) if each.executable]
        self._parts: list[tuple[int, bytes]] = []
        left = target.room.source.size  # sections do not overlap, but in a forged image
        for each in sorted(parts, key=lambda each: not each.discardable):
            code = self._bytes(each, left)
            self._parts.append((target.nt_base + each.address, code))
            left -= len(code)
        self._called: list[int] | None = None

    def naming(self, addresses: Collection[int]) -> Iterator[int]:
        """VAs of code that names one of ``addresses``: on x86 and x64 of its bytes in the
        instruction, on ARM64 of the adrp of its page. Not all of them are instructions."""
        find: dict[str, Callable[[int, bytes, Collection[int]], Iterator[int]]] = {
            "x86": _absolute, "x64": _relative, "arm64": _of_page,
        }  # fmt: skip
        for base, code in self._parts:
            yield from find[self._target.architecture](base, code, addresses)

    def calling(self, functions: Collection[int]) -> Iterator[int]:
        """VAs of direct calls (and, on ARM64, jumps) of one of ``functions``."""
        find = _arm64_calls if self._target.architecture == "arm64" else _intel_calls
        for base, code in self._parts:
            for at, leads in find(base, code):
                if leads in functions:
                    yield at

    def functions(self, place: int) -> Iterator[int]:
        """Where the function at ``place`` may start, the likeliest first."""
        target = self._target
        if target.architecture != "x86":
            try:
                extent = extent_of(target.memory, target.nt_base, place - target.nt_base)
            except MemoryUnreadable:
                extent = None
            if extent is not None:
                yield target.nt_base + extent.start
                return
        starts = self._starts()
        index = bisect_right(starts, place)
        yield from reversed(starts[max(index - _STARTS_TRIED, 0) : index])

    def _starts(self) -> list[int]:
        """What is called directly somewhere: static functions are."""
        if self._called is None:
            found: set[int] = set()
            low = self._target.nt_base
            high = low + self._target.room.source.size
            for base, code in self._parts:
                found.update(leads for _, leads in _intel_calls(base, code) if low <= leads < high)
            self._called = sorted(found)
        return self._called

    def _bytes(self, part: Section, most: int) -> bytes:
        start, size = self._target.nt_base + part.address, min(part.size, most)
        return self._target.room.source_bytes(start, size)


def _absolute(base: int, code: bytes, addresses: Collection[int]) -> Iterator[int]:
    wanted = b"|".join(re.escape(struct.pack("<I", each)) for each in sorted(addresses))
    for found in re.finditer(wanted, code) if wanted else ():
        yield base + found.start()


def _relative(base: int, code: bytes, addresses: Collection[int]) -> Iterator[int]:
    for found in _RELATIVE.finditer(code):
        at = found.start() + 1
        leads = base + at + 4 + _signed(found[1])
        if any(leads + more in addresses for more in _IMMEDIATES):
            yield base + at


def _intel_calls(base: int, code: bytes) -> Iterator[tuple[int, int]]:
    """Where there may be a direct call, and where it would lead."""
    for found in _CALL.finditer(code):
        at = base + found.start()
        yield at, at + 5 + _signed(found[1])


def _arm64_calls(base: int, code: bytes) -> Iterator[tuple[int, int]]:
    for found in _BRANCH.finditer(code):
        if found.start() % 4 == 0:
            distance = (unsigned(found[0]) & 0x3FFFFFF) << 2
            distance -= (distance & 1 << 27) << 1
            yield base + found.start(), base + found.start() + distance


def _of_page(base: int, code: bytes, addresses: Collection[int]) -> Iterator[int]:
    pages = {each & ~0xFFF for each in addresses}
    for found in _PAGE.finditer(code):
        at = base + found.start()
        if found.start() % 4 == 0 and page_of_adrp(at, unsigned(found[0])) in pages:
            yield at


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def page_of_adrp(address: int, word: int) -> int:
    """What the instruction ``word`` at ``address`` puts into its register (Arm, C6.2: ADRP)."""
    distance = (word >> 29 & 3 | (word >> 3 & 0x1FFFFC)) << 12
    distance -= (distance & 1 << 32) << 1
    return (address & ~0xFFF) + distance
