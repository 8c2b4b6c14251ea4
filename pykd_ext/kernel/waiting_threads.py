"""Which threads are inside a function of the kernel, by the return addresses on their stacks.

A thread that waits keeps where it goes back to above KTHREAD.KernelStack, in every function that
has called another (public PDBs: InitialStack, StackBase, StackLimit, KernelStack).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.architecture import ARCHITECTURES
from ..target.errors import Implausible, MemoryUnreadable, SymbolNotFound, TypeNotFound
from ..target.fields import words
from ..target.function_table import extent_of
from .code import read_code
from .instructions import decode
from .threads import threads_of_all
from .type_offsets import field_offset

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Inside", "threads_inside"]

_LARGEST_STACK = 0x20000  # bytes; large kernel stacks have 0x12000 on x64
_ALL_STACKS = 0x800_0000  # bytes of all threads together: what they use, a few KB each
_LONGEST_FUNCTION = 0x1000  # bytes, where no table tells: on x86


class Inside(NamedTuple):
    """The ETHREADs (VAs) of the threads that are inside. ``unknown`` says why there may be more,
    None where every thread was looked at."""

    threads: tuple[int, ...]
    unknown: str | None


def threads_inside(target: Target, function: str) -> Inside:
    """The threads that have a return address into nt's ``function`` on their stack.

    Each thread costs three requests and those for its stack.
    """
    found: list[int] = []
    seen = unread = 0
    try:
        search = _Search(target, function)
        for thread in threads_of_all(target):
            seen += 1
            try:
                if search.is_inside(thread):
                    found.append(thread)
            except MemoryUnreadable:
                unread += 1
    except (SymbolNotFound, TypeNotFound, MemoryUnreadable, Implausible) as error:
        return Inside(tuple(found), f"threads cannot be walked: {error}")
    unknown = f"the stacks of {unread} of {seen} threads cannot be read" if unread else None
    return Inside(tuple(found), unknown if seen else "the list of processes leads to no thread")


class _Search:
    """One function's bounds, and where this kernel's threads keep their stacks."""

    def __init__(self, target: Target, function: str) -> None:
        self._target, self._memory = target, target.memory
        self._start = target.symbol(function)
        self._name = function
        self._base = target.field_offset("_KTHREAD", "StackBase")
        self._limit = target.field_offset("_KTHREAD", "StackLimit")
        self._pointer = field_offset(target, "_KTHREAD", "KernelStack")
        self._answers: dict[int, bool] = {}
        self._left = _ALL_STACKS

    def is_inside(self, thread: int) -> bool:
        """Raises MemoryUnreadable when its stack, or a page of it, is paged out, and Implausible
        when all stacks together are larger than those of any machine."""
        memory, size = self._memory, self._memory.pointer_size
        base, limit = (memory.pointer(thread + each) for each in (self._base, self._limit))
        lowest = limit if self._pointer is None else memory.pointer(thread + self._pointer)
        if not limit <= lowest < base or base - lowest > _LARGEST_STACK:
            lowest = max(limit, base - _LARGEST_STACK)
        self._left -= base - lowest
        if self._left < 0:
            raise Implausible(f"their stacks have more than {_ALL_STACKS >> 20} MiB together")
        raw, missing = self._stack(lowest & -size, base)
        if any(map(self._leads_inside, words(raw, size))):
            return True
        if missing:
            raise missing
        return False

    def _stack(self, lowest: int, base: int) -> tuple[bytes, MemoryUnreadable | None]:
        """From its end down to the first page that is not there: below nothing was ever touched,
        unless even the page that the thread began on is out."""
        raw, place = b"", base
        while place > lowest:
            start = max(lowest, (place - 1) & ~0xFFF)
            try:
                raw = self._memory.read(start, place - start) + raw
            except MemoryUnreadable as error:
                return raw, None if self._pointer is None and raw else error
            place = start
        return raw, None

    def _leads_inside(self, value: int) -> bool:
        value = ARCHITECTURES[self._target.architecture].return_address(value)
        if not self._start < value < self._target.nt_base + (1 << 32):
            return False
        if value not in self._answers:
            self._answers[value] = self._is_part(value) and self._is_behind_a_call(value)
        return self._answers[value]

    def _is_part(self, address: int) -> bool:
        base = self._target.nt_base
        try:
            extent = extent_of(self._memory, base, address - base)
        except MemoryUnreadable:
            extent = None
        if extent is not None and not extent.is_part:
            return base + extent.start == self._start
        nearest = self._target.nearest_symbol(address)
        is_near = address - self._start < _LONGEST_FUNCTION
        return is_near and nearest is not None and nearest.name == self._name

    def _is_behind_a_call(self, address: int) -> bool:
        architecture = self._target.architecture
        sizes = ARCHITECTURES[architecture].call_sizes
        try:
            code = read_code(self._target, address - sizes[-1], sizes[-1])
        except MemoryUnreadable:
            return True  # the address alone is witness enough
        for size in sizes:
            one = next(decode(architecture, code[-size:], address - size, 1), None)
            if one is not None and one.end == address and one.flow == "call":
                return True
        return False
