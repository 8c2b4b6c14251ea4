"""KDDEBUGGER_DATA64: what a kernel tells a debugger that has no symbols of it.

Offsets: wdbgexts.h of the Windows SDK. Pointers have 64 bits, sign-extended ones on x86.
"""

from __future__ import annotations

from .errors import MemoryUnreadable
from .memory import Memory

__all__ = ["KERN_BASE", "MM_UNLOADED_DRIVERS", "OWNER_TAG", "OWNER_TAG_AT", "debugger_word"]

KERN_BASE, MM_UNLOADED_DRIVERS = 0x18, 0x220

OWNER_TAG, OWNER_TAG_AT = b"KDBG", 0x10


def debugger_word(memory: Memory, block: int, offset: int) -> int:
    """The VA that is at ``offset`` of the block at the VA ``block``; 0 where there is none, as in
    memory where Windows keeps the block encoded."""
    try:
        if not block or memory.read(block + OWNER_TAG_AT, 4) != OWNER_TAG:
            return 0
        return memory.u64(block + offset) & ((1 << 8 * memory.pointer_size) - 1)
    except MemoryUnreadable:
        return 0
