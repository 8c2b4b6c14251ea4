"""The kernel stack that a thread runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from .type_offsets import field_offset

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["KernelStack", "kernel_stack"]


class KernelStack(NamedTuple):
    """From the VA ``limit`` up to ``base``, where it begins; it grows down."""

    limit: int
    base: int

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.limit <= address < self.base


def kernel_stack(target: Target, thread: int) -> KernelStack | None:
    """The one that the KTHREAD at ``thread`` is on now, another one while its stack is expanded
    (KeExpandKernelStackAndCallout); None where the symbols do not say, or nothing can be read.

    One request, and once a target two for where the fields are (SOURCES 5.7).
    """
    limit, base = (field_offset(target, "_KTHREAD", field) for field in ("StackLimit", "StackBase"))
    if limit is None or base is None:
        return None
    size = target.memory.pointer_size
    first = min(limit, base)
    try:
        raw = target.read(thread + first, max(limit, base) + size - first)
    except MemoryUnreadable:
        return None
    found = KernelStack(*(unsigned(raw, at - first, size) for at in (limit, base)))
    return found if found.limit < found.base else None
