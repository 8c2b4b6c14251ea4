"""The registry callbacks that a thread is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.type_offsets import field_offset
from ..target.errors import MemoryUnreadable

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["active_callbacks", "callbacks_around", "has_active_callbacks"]

_DEEPEST = 16  # callbacks in each other that are followed

# CMci, by its SINGLE_LIST_ENTRY in ETHREAD.CmCallbackListHead: the callback block follows it
# (SOURCES 1.5, 3.6: read in 1507, 23H2 and 26H1, by alignment on 32 bits).


def has_active_callbacks(target: Target) -> bool:
    """Whether the kernel's symbols say where a thread has its list."""
    return field_offset(target, "_ETHREAD", "CmCallbackListHead") is not None


def active_callbacks(target: Target, thread: int, limit: int = _DEEPEST) -> list[int]:
    """The blocks of the callbacks that ``thread`` is in, the innermost first: a read, and one for
    each. Empty where the kernel's symbols do not say where the thread has them.
    """
    offset = field_offset(target, "_ETHREAD", "CmCallbackListHead")
    if offset is None:
        return []
    size = target.memory.pointer_size
    blocks: list[int] = []
    try:
        node = _pointer(target.read(thread + offset, size))
        while node and len(blocks) < limit:
            raw = target.read(node, 2 * size)
            blocks.append(_pointer(raw[size:]))
            node = _pointer(raw[:size])
    except MemoryUnreadable:
        pass  # what was found is right as far as it goes
    return blocks


def callbacks_around(target: Target, thread: int, block: int) -> list[int]:
    """The same, around the call of the callback ``block``, without that one itself."""
    blocks = active_callbacks(target, thread)
    return blocks[1:] if blocks[:1] == [block] else blocks


def _pointer(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
