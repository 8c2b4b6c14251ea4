"""How many subkeys and values a key has, as its control block keeps count.

By the rules of the kernel's own NtQueryKey (SOURCES 5.12).
"""

from __future__ import annotations

from typing import NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.memory import Memory
from .key_control_blocks import KeyControlBlock

__all__ = ["KeyCounts", "read_key_counts"]

# Bits of ExtFlags (SOURCES 5.12), the lower bits of a block's state.
_CM_KCB_NO_SUBKEY = 0x01
_CM_KCB_SUBKEY_ONE = 0x02
_CM_KCB_SUBKEY_HINT = 0x04
_CM_KCB_INVALID_CACHED_INFO = 0x40


class KeyCounts(NamedTuple):
    """None for what the control block does not tell: the kernel looks into the hive then."""

    sub_keys: int | None
    values: int | None


def read_key_counts(memory: Memory, block: KeyControlBlock) -> KeyCounts:
    """One request at most. Never raises for what memory holds."""
    if block.transaction:  # every transaction has its own view of the key
        return KeyCounts(None, None)
    return KeyCounts(_sub_keys(memory, block), block.value_count)


def _sub_keys(memory: Memory, block: KeyControlBlock) -> int | None:
    if block.state & _CM_KCB_INVALID_CACHED_INFO:
        return None
    if block.state & _CM_KCB_NO_SUBKEY:
        return 0
    if block.state & _CM_KCB_SUBKEY_ONE:
        return 1
    if not block.state & _CM_KCB_SUBKEY_HINT:
        return block.sub_keys & 0xFFFF_FFFF
    try:
        return memory.unsigned(block.sub_keys, 4)  # CM_INDEX_HINT_BLOCK.Count
    except MemoryUnreadable:
        return None
