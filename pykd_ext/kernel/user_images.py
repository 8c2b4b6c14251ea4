"""The images of a process: where the user-mode part of a call stack lies.

Read from the process itself, which can write what it likes there: names for a reader, no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ..target.errors import MemoryUnreadable
from ..target.module_list import LoadedModule, loaded_modules
from .type_offsets import field_pointer

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["IN_LOAD_ORDER", "LDR", "user_images"]

_LIMIT = 1_000
# By pointer size: PEB.Ldr, and PEB_LDR_DATA.InLoadOrderModuleList, which lies before the
# InMemoryOrderModuleList of winternl.h (SOURCES 5.11).
LDR = {4: 0x0C, 8: 0x18}
IN_LOAD_ORDER = {4: 0x0C, 8: 0x10}


def user_images(target: Target, process: int) -> Iterator[LoadedModule]:
    """Those that the EPROCESS at the VA ``process`` has loaded, as its PEB says, where that is the
    process whose memory the target shows; as many as can be read, and 1,000 at most. None without
    the kernel's symbols."""
    memory = target.memory
    peb = field_pointer(target, process, "_EPROCESS", "Peb")
    try:
        loader = memory.pointer(peb + LDR[memory.pointer_size]) if peb else 0
        if loader:
            head = loader + IN_LOAD_ORDER[memory.pointer_size]
            yield from islice(loaded_modules(memory, head), _LIMIT)
    except MemoryUnreadable:
        return
