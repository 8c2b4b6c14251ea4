"""KDDEBUGGER_DATA64: what a kernel tells a debugger that has no symbols of it.

Offsets: wdbgexts.h of the Windows SDK. Pointers have 64 bits, sign-extended ones on x86.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import MemoryUnreadable, SymbolNotFound
from .memory import Memory

if TYPE_CHECKING:
    from .protocol import Target

__all__ = ["KERN_BASE", "OWNER_TAG", "OWNER_TAG_AT", "debugger_word", "kernel_variable"]

KERN_BASE = 0x18
_VARIABLES = {"PsActiveProcessHead": 0x50, "KiProcessorBlock": 0x218, "MmUnloadedDrivers": 0x220}

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


def kernel_variable(target: Target, name: str) -> int:
    """The VA of nt's variable ``name``, one of those above: by its symbol, else by the block;
    raises SymbolNotFound."""
    try:
        return target.symbol(name)
    except SymbolNotFound:
        address = debugger_word(target.memory, target.debugger_data, _VARIABLES[name])
        if not address:
            raise
        return address
