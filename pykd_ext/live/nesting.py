"""The registry callbacks that a thread is in, and those that an operation was asked for in."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.process_layouts import thread_callbacks_offset
from ..kernel.threads import calls_of_thread, innermost_calls
from ..target.errors import MemoryUnreadable

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Around", "active_callbacks", "callbacks_around", "has_active_callbacks"]

_DEEPEST = 16  # operations in each other that are followed


class Around(NamedTuple):
    """What an operation was asked for in: the ``blocks`` of callbacks, one of each operation around
    it, the innermost first. ``problem`` says what hides others, None where there are no others."""

    blocks: tuple[int, ...]
    problem: str | None = None


def has_active_callbacks(target: Target) -> bool:
    """Whether it is known where a thread has its list."""
    return thread_callbacks_offset(target) is not None


def active_callbacks(target: Target, thread: int, limit: int = _DEEPEST) -> list[int]:
    """The blocks of the callbacks that ``thread`` is in, the innermost first: a read, and one for
    each. Empty where it is not known where the thread has them.
    """
    offset = thread_callbacks_offset(target)
    if offset is None:
        return []
    size = target.memory.pointer_size
    blocks: list[int] = []
    try:
        for call in islice(calls_of_thread(target.read, thread + offset, size), limit):
            blocks.append(call.block)
    except MemoryUnreadable:
        pass  # what was found is right as far as it goes
    return blocks


def callbacks_around(target: Target, thread: int, block: int) -> Around:
    """Around the operation that ``thread`` is telling the callback ``block`` of.

    The callbacks above that one in the same operation are none of them: the kernel has the thread
    in all of them at once.
    """
    offset = thread_callbacks_offset(target)
    if offset is None:
        return Around(())
    size = target.memory.pointer_size
    blocks: list[int] = []
    problem = None
    calls = innermost_calls(target.read, thread + offset, size)
    try:
        for call in islice(calls, _DEEPEST + 1):
            blocks.append(call.block)
        if next(calls, None) is not None:
            problem = f"only the innermost {_DEEPEST} are shown"
    except (MemoryUnreadable, ValueError) as error:
        problem = str(error)
    around = blocks[1:] if blocks[:1] == [block] else blocks[:_DEEPEST]
    return Around(tuple(around), problem and f"the callbacks that it was asked for in: {problem}")
