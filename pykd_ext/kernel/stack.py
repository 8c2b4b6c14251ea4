"""The code addresses on the stack of the thread that the target is stopped in.

No unwinding: what of a stack is left in a dump need not be whole, and a small dump has no unwind
data. A word that points into an image, behind a call, is a return address, or was one before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable, RegisterUnavailable
from ..target.fields import unsigned, words
from ..target.image import Section, sections
from .doubts import note_doubt
from .drivers import Drivers, Owner
from .kernel_stacks import kernel_stack
from .listing import symbol_text

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["CodeAddress", "code_addresses"]

_LARGEST = 0x1_2000  # bytes: KERNEL_LARGE_STACK_SIZE of x64 (ntddk.h)
_AT_ONCE = 0x1000


class CodeAddress(NamedTuple):
    """``address`` lies in ``owner`` and was found at the VA ``place`` of the stack; 0: it is in the
    program counter, or in the register ``link``. ``follows_call`` is None where the code before it
    is not there."""

    place: int
    address: int
    owner: Owner
    symbol: str | None
    follows_call: bool | None
    link: str | None = None


def code_addresses(target: Target, drivers: Drivers) -> list[CodeAddress]:
    """Those of the current thread, the innermost first; words that no call stands before are left
    out. Empty where the thread's registers or its stack are not there.

    ARM64's link register counts as the stack's first word: what a leaf, or a function that has just
    been called, returns to is nowhere else.
    """
    architecture = ARCHITECTURES[target.architecture]
    try:
        counter = target.register(architecture.program_counter)
        pointer = target.register(architecture.stack_pointer)
    except RegisterUnavailable:
        return []
    images = _Images(target, drivers)
    found = []
    symbols: dict[int, str | None] = {}  # a stack can be full of one address
    if images.has(counter):
        owner = drivers.owner(counter)
        found.append(CodeAddress(0, counter, owner, symbol_text(target, owner, counter), None))
    link = architecture.link
    for place, word in chain(_linked(target, link), _words(target, pointer)):
        address = architecture.return_address(word)
        if not images.has_code(address):
            continue
        follows = _follows_call(target, address)
        if follows is not False:
            owner = drivers.owner(address)
            if address not in symbols:
                symbols[address] = symbol_text(target, owner, address)
            at = (place, address, owner, symbols[address])
            found.append(CodeAddress(*at, follows, None if place else link))
    return found


class _Images:
    """Whether an address lies in a loaded image: asked of every word of a stack."""

    def __init__(self, target: Target, drivers: Drivers) -> None:
        self._memory = target.memory
        self._sections: dict[int, list[Section]] = {}
        self._ranges = sorted((each.base, each.base + each.size) for each in drivers.loaded())
        self._starts = [start for start, _ in self._ranges]

    def has(self, address: int) -> bool:
        index = bisect_right(self._starts, address) - 1
        return index >= 0 and address < self._ranges[index][1]

    def has_code(self, address: int) -> bool:
        """The same, and not in a section that is known to hold none."""
        if not self.has(address):
            return False
        base = self._starts[bisect_right(self._starts, address) - 1]
        if base not in self._sections:
            try:
                self._sections[base] = sections(self._memory, base)
            except MemoryUnreadable:  # of a small dump without the images
                self._sections[base] = []
        known = self._sections[base]
        return not known or any(
            each.executable and each.address <= address - base < each.address + each.size
            for each in known
        )


def _linked(target: Target, link: str | None) -> Iterator[tuple[int, int]]:
    """What the link register holds, at place 0; nothing where there is none."""
    if link is not None:
        with suppress(RegisterUnavailable):
            yield 0, target.register(link)


def _words(target: Target, pointer: int) -> Iterator[tuple[int, int]]:
    """Each aligned word from the stack pointer up, as far as memory is there: (VA, value)."""
    size = target.memory.pointer_size
    start = pointer & -size
    end = start + _LARGEST
    if target.small_dump:
        low, high = target.small_dump.stack
        start, end = max(start, low & -size), min(end, high)
    while start < end:
        length = min(_AT_ONCE - start % _AT_ONCE, end - start)
        if not target.memory.is_there(start):
            _note_where_it_ends(target, pointer, start)
            return
        raw = target.memory.read(start, length)
        yield from zip(range(start, start + length, size), words(raw, size))
        start += length


def _note_where_it_ends(target: Target, pointer: int, missing: int) -> None:
    """A doubt where the stack goes on at the VA ``missing``, as the dump or its thread says."""
    if target.small_dump:
        end = target.small_dump.stack[1]
    else:
        try:
            stack = kernel_stack(target, target.current_thread())
        except RegisterUnavailable:
            return
        if stack is None or pointer not in stack:  # a processor has stacks of its own
            return
        end = stack.base
    if missing < end:
        note_doubt(
            target,
            f"the thread's stack could be read up to {missing:#x} alone, and it goes up to "
            f"{end:#x}: the memory between is not there",
        )


def _follows_call(target: Target, address: int) -> bool | None:
    sizes = ARCHITECTURES[target.architecture].call_sizes
    if target.architecture == "arm64" and address % sizes[0]:
        return False  # all instructions lie at multiples of their size
    try:
        code = target.memory.read(address - sizes[-1] - 1, sizes[-1] + 1)
    except MemoryUnreadable:
        return None
    if target.architecture == "arm64":
        word = unsigned(code, -4)
        # bl; blr, and its forms with pointer authentication (Arm ARM C6.2).
        return word >> 26 == 0x25 or word & 0xFEFF_F000 == 0xD63F_0000
    if code[-5] == 0xE8:  # call rel32
        return True
    # call r/m: FF /2, its length by ModRM (Intel SDM 2A).
    return any(code[-size] == 0xFF and code[-size + 1] >> 3 & 7 == 2 for size in sizes)
