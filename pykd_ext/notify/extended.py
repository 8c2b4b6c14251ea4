"""What an internal callback is given: an extended argument, or the structure itself."""

from __future__ import annotations

from ..target.errors import MemoryUnreadable
from ..target.memory import Memory
from .classes import notify_class

__all__ = ["is_extended"]


def is_extended(memory: Memory, number: int, argument: int) -> bool:
    """Whether the first pointer at ``argument`` leads to the structure of the class ``number``; it
    is the structure itself where the operation has no extended one (SOURCES 3.5).

    Every pre structure begins with a pointer, to a key object or a name, which begin with none;
    of a post structure, whose Object may be anything, PreInformation leads to such a one. Raises
    MemoryUnreadable where nothing can be read at ``argument``.
    """
    first = memory.pointer(argument)
    size = memory.pointer_size
    try:
        if notify_class(number).phase == "post":
            first = memory.pointer(first + 2 * size)  # PreInformation (wdm.h)
        return memory.is_kernel(first) and memory.is_kernel(memory.pointer(first))
    except MemoryUnreadable:
        return False
