"""What is found in nt's own data without symbols: PsLoadedModuleList, KDDEBUGGER_DATA64."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from . import image
from .debugger_data import KERN_BASE, OWNER_TAG, OWNER_TAG_AT, debugger_word
from .errors import MemoryUnreadable
from .fields import unsigned
from .memory import PAGE
from .module_list import first_module_base
from .needles import places

if TYPE_CHECKING:
    from .memory import Memory

__all__ = ["find_debugger_data", "find_module_list"]

_MOST_DATA = 16 << 20  # bytes of nt's own data that are looked through
_MOST_BLOCKS = 10_000  # that begin as KDDEBUGGER_DATA64 does; there is one


def _data_pages(memory: Memory, base: int) -> Iterator[tuple[int, bytes]]:
    """The pages of nt's writable sections."""
    left = _MOST_DATA // PAGE
    for section in image.sections(memory, base):
        if not section.writable or section.executable:
            continue
        first = base + section.address & ~(PAGE - 1)
        for address in range(first, base + section.address + section.size, PAGE):
            left -= 1
            if left < 0:
                return
            try:
                yield address, memory.read(address, PAGE)
            except MemoryUnreadable:
                continue


def find_module_list(memory: Memory, base: int) -> int:
    """The list head in nt's data whose first entry is nt's own; 0 without one."""
    size = memory.pointer_size
    for address, page in _data_pages(memory, base):
        for offset in range(0, PAGE, size):
            first = unsigned(page, offset, size)
            if not memory.is_kernel(first) or first % size:
                continue
            head = address + offset
            try:
                if memory.pointer(first + size) == head and first_module_base(memory, head) == base:
                    return head
            except MemoryUnreadable:
                continue
    return 0


def find_debugger_data(memory: Memory, base: int) -> int:
    """KDDEBUGGER_DATA64 of this kernel; 0 where there is none, as where it is encoded."""
    like_one = (
        address + at - OWNER_TAG_AT
        for address, page in _data_pages(memory, base)
        for at in places(page, OWNER_TAG)
    )
    right = (
        block
        for block in islice(like_one, _MOST_BLOCKS)
        if debugger_word(memory, block, KERN_BASE) == base
    )
    return next(right, 0)
