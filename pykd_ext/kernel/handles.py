"""From a handle of a process to the object it stands for.

HANDLE_TABLE and its entries: SOURCES 5.5; the masks of the entries before 8.1 and on x86 are
volatility3's (framework/plugins/windows/handles.py); ARM64 has x64's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable, RegcbError

if TYPE_CHECKING:
    from ..target import Target
    from .processes import Process

__all__ = ["SYSTEM_PROCESS", "BadHandle", "is_kernel_handle", "object_of_handle"]

SYSTEM_PROCESS = 4  # the process whose handles are the kernel's

_PAGE = 0x1000  # bytes of a table, of entries or of pointers to tables
_LEVEL_MASK = 3  # of TableCode: how many tables of pointers come before one of entries
_MOST_LEVELS = 2
_VALUES_STEP = 4  # the two low bits of a handle are the application's own

# Set in a kernel handle, and with it all higher bits (KERNEL_HANDLE_FLAG of ReactOS' ob.h).
_KERNEL_HANDLE = 0x8000_0000
_KERNEL_HANDLE_SIGN = 0x1_FFFF_FFFF  # what such a handle of 64 bits has from that bit upward

_WINDOWS_8, _WINDOWS_8_1 = 9200, 9600


class BadHandle(RegcbError):
    """The handle stands for nothing, or its table cannot be read; ``str()`` says why."""


class _TableLayout(NamedTuple):
    """``entry`` bytes an entry; the object's body lies ``body`` bytes behind its header."""

    table_code: int
    entry: int
    body: int


def _layout(target: Target) -> _TableLayout:
    wide = target.memory.pointer_size == 8
    return _TableLayout(
        table_code=8 if target.build >= _WINDOWS_8 else 0,
        entry=16 if wide else 8,
        body=0x30 if wide else 0x18,
    )


def is_kernel_handle(target: Target, word: int) -> bool:
    """Whether ``word`` can only be a handle of the System process.

    No 64-bit kernel has objects that high; on x86 such a word may as well be an address.
    """
    return target.memory.pointer_size == 8 and word >> 31 == _KERNEL_HANDLE_SIGN


def object_of_handle(target: Target, process: Process, handle: int) -> int:
    """The VA of the object behind ``handle`` in ``process``; raises BadHandle."""
    number = handle & (_KERNEL_HANDLE - 1) if process.process_id == SYSTEM_PROCESS else handle
    where = f"handle {handle:#x} of process {process.process_id}"
    try:
        header = _header(target, process.handle_table, number // _VALUES_STEP)
    except MemoryUnreadable as error:
        raise BadHandle(f"{where}: its handle table: {error}") from None
    if not header:
        raise BadHandle(f"{where} stands for no object")
    return header + _layout(target).body


def _header(target: Target, table: int, index: int) -> int:
    """The VA of the OBJECT_HEADER, 0 for an entry that is free or is not there at all."""
    memory, layout = target.memory, _layout(target)
    code = memory.pointer(table + layout.table_code)
    level, address = code & _LEVEL_MASK, code & ~_LEVEL_MASK
    entries, pointers = _PAGE // layout.entry, _PAGE // memory.pointer_size
    if level > _MOST_LEVELS or index >= entries * pointers**level:
        return 0
    while level and address:
        level -= 1
        number, index = divmod(index, entries * pointers**level)
        address = memory.pointer(address + number * memory.pointer_size)
    if not address:
        return 0
    return _decoded(target, memory.pointer(address + index * layout.entry))


def _decoded(target: Target, word: int) -> int:
    """The pointer in an entry's first word."""
    if target.memory.pointer_size == 4:
        return word & ~7
    if target.build < _WINDOWS_8:
        return word & ~0xF
    # ObjectPointerBits lack the four low bits, which are 0, and the sign's.
    bits = word >> 20 if target.build >= _WINDOWS_8_1 else word >> 23
    return _sign_extended(bits << 4, 48 if target.build >= _WINDOWS_8_1 else 45)


def _sign_extended(value: int, bits: int) -> int:
    if not value >> (bits - 1) & 1:
        return value
    return value | ((1 << 64) - (1 << bits))
