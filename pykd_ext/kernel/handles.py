"""From a handle of a process to the object it stands for.

HANDLE_TABLE and its entries: SOURCES 5.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable, RegcbError
from . import builds
from .builds import PUBLIC, Row, Table
from .kernel_image import has_five_levels

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


class BadHandle(RegcbError):
    """The handle stands for nothing, or its table cannot be read; ``str()`` says why."""


class _TableLayout(NamedTuple):
    """``entry`` bytes an entry; the object's body lies ``body`` bytes behind its header.

    The header's address is the entry's first word from bit ``shift`` on, times 16, sign-extended
    from ``bits``; without ``shift`` it is that word without the bits of ``mask``.
    """

    table_code: int
    entry: int
    body: int
    mask: int
    shift: int = 0
    bits: int = 64


# ObDecodeShift and the sign: SOURCES 5.5.
_TABLES = Table(
    "the layout of a handle table",
    {
        "x64": (
            Row(builds.WINDOWS_8_1, _TableLayout(8, 16, 0x30, 0, 20, 48), PUBLIC, "SOURCES 5.5"),
            Row(builds.WINDOWS_8, _TableLayout(8, 16, 0x30, 0, 23, 45), PUBLIC, "SOURCES 5.5"),
            Row(0, _TableLayout(0, 16, 0x30, 0xF), PUBLIC, "SOURCES 5.5"),
        ),
        "x86": (
            Row(builds.WINDOWS_8, _TableLayout(8, 8, 0x18, 7), PUBLIC, "SOURCES 5.5"),
            Row(0, _TableLayout(0, 8, 0x18, 7), PUBLIC, "SOURCES 5.5"),
        ),
        # Addresses of 57 bits, where page tables have five levels.
        "x64-la57": (
            Row(builds.FIRST_LA57, _TableLayout(8, 16, 0x30, 0, 11, 57), PUBLIC, "SOURCES 5.5"),
        ),
        "arm64": (Row(0, _TableLayout(8, 16, 0x30, 0, 20, 48), PUBLIC, "SOURCES 5.5"),),
    },
    newest={"x64": 29648, "x64-la57": 29648, "x86": builds.WINDOWS_10_22H2, "arm64": 29639},
)


def _layout(target: Target) -> _TableLayout:
    architecture = "x64-la57" if has_five_levels(target) else target.architecture
    return _TABLES.value(architecture, target.build)


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
    return _decoded(layout, memory.pointer(address + index * layout.entry))


def _decoded(layout: _TableLayout, word: int) -> int:
    """The pointer in an entry's first word."""
    if not layout.shift:
        return word & ~layout.mask
    return _sign_extended(word >> layout.shift << 4, layout.bits)


def _sign_extended(value: int, bits: int) -> int:
    if not value >> (bits - 1) & 1:
        return value
    return value | ((1 << 64) - (1 << bits))
