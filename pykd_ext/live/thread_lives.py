"""Threads that end while they are followed, others that come in their place, and their stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.type_offsets import field_offset
from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["create_time", "is_gone", "stack_limits"]

_TERMINATED = 4  # KTHREAD_STATE (wdm.h: Initialized, Ready, Running, Standby, Terminated...)


def create_time(target: Target, thread: int) -> int | None:
    """ETHREAD.CreateTime of the thread at the VA ``thread``, for one request; None where it is not
    known where that lies, or it cannot be read."""
    return _field(target, thread, "_ETHREAD", "CreateTime", 8)


def is_gone(target: Target, thread: int, created: int | None) -> bool:
    """Whether the thread that was made at ``created`` has ended; False where that is not known."""
    state = field_offset(target, "_KTHREAD", "State")
    if state is None:
        return False
    if _field(target, thread, "_KTHREAD", "State", 1) in (None, _TERMINATED):
        return True
    now = create_time(target, thread) if created is not None else None
    return now is not None and now != created


def stack_limits(target: Target, thread: int) -> tuple[int, int] | None:
    """The lowest and the upper end of the stack that the thread is on: another one while it has
    expanded it (KeExpandKernelStackAndCallout). None where that is not known."""
    size = target.memory.pointer_size
    low = _field(target, thread, "_KTHREAD", "StackLimit", size)
    high = _field(target, thread, "_KTHREAD", "StackBase", size)
    return None if low is None or high is None else (low, high)


def _field(target: Target, thread: int, type_name: str, field: str, size: int) -> int | None:
    offset = field_offset(target, type_name, field)
    if offset is None:
        return None
    try:
        return unsigned(target.read(thread + offset, size))
    except MemoryUnreadable:
        return None
