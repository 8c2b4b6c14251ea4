"""Where an image says that its functions begin and end.

The exception directory (.pdata) has a row for each function of x64 and ARM64 that is no leaf, in
the order of addresses; the guard table (GFIDS) has each whose address is taken, where the image was
linked with Control Flow Guard. RUNTIME_FUNCTION, UNWIND_INFO: Microsoft, "x64 exception handling",
"ARM64 exception handling"; IMAGE_LOAD_CONFIG_DIRECTORY, IMAGE_GUARD_*: winnt.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .architecture import architecture_of_machine
from .image import DIRECTORY_EXCEPTION, DIRECTORY_LOAD_CONFIG, data_directory, machine
from .memory import Memory
from .search import count_up_to

__all__ = ["Extent", "extent_of", "is_guarded_target"]

_CHAINED = 0x4  # UNW_FLAG_CHAININFO, of the five bits above the version
_PACKED, _PACKED_FRAGMENT = 1, 2  # ARM64: the low bits of UnwindData
_MOST_ROWS = 1 << 20
_MOST_TARGETS = 1 << 20

# IMAGE_LOAD_CONFIG_DIRECTORY: GuardCFFunctionTable, GuardCFFunctionCount, GuardFlags.
_GUARD = {4: (0x50, 0x54, 0x58), 8: (0x80, 0x88, 0x90)}
_TABLE_PRESENT = 0x400  # IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT
_STRIDE_SHIFT = 28  # IMAGE_GUARD_CF_FUNCTION_TABLE_SIZE_SHIFT: bytes behind each RVA


class Extent(NamedTuple):
    """A row of .pdata: RVAs from ``start`` up to ``end``; ``is_part`` where it is no function of
    its own, but a part of one whose start stands elsewhere."""

    start: int
    end: int
    is_part: bool


def extent_of(memory: Memory, base: int, rva: int) -> Extent | None:
    """The row that covers ``rva``; None where there is none, as of leaf functions and on x86.

    About twenty reads, most of them of pages read before. Raises MemoryUnreadable.
    """
    architecture = architecture_of_machine(machine(memory, base))
    table, length = data_directory(memory, base, DIRECTORY_EXCEPTION)
    if architecture is None or architecture.name not in _ROWS or not table:
        return None
    size, read = _ROWS[architecture.name]
    count = min(length // size, _MOST_ROWS)
    row = count_up_to(rva, count, lambda index: memory.u32(base + table + index * size)) - 1
    if row < 0:
        return None
    extent = read(memory, base, base + table + row * size)
    return extent if extent is not None and extent.start <= rva < extent.end else None


def is_guarded_target(memory: Memory, base: int, rva: int) -> bool | None:
    """Whether the guard table has ``rva``; None where the image has no table.

    Raises MemoryUnreadable.
    """
    config, length = data_directory(memory, base, DIRECTORY_LOAD_CONFIG)
    pointer = memory.pointer_size
    table_at, count_at, flags_at = _GUARD[pointer]
    if not config or length < flags_at + 4 or memory.u32(base + config) < flags_at + 4:
        return None
    flags = memory.u32(base + config + flags_at)
    table = memory.pointer(base + config + table_at)
    count = min(memory.pointer(base + config + count_at), _MOST_TARGETS)
    if not flags & _TABLE_PRESENT or not table or not count:
        return None
    stride = 4 + (flags >> _STRIDE_SHIFT)
    row = count_up_to(rva, count, lambda index: memory.u32(table + index * stride)) - 1
    return row >= 0 and memory.u32(table + row * stride) == rva


def _x64_row(memory: Memory, base: int, row: int) -> Extent:
    start, end, unwind = (memory.u32(row + at) for at in (0, 4, 8))
    if unwind & 1:  # it is another row's: a part of that function
        return Extent(start, end, True)
    return Extent(start, end, bool(memory.unsigned(base + unwind, 1) >> 3 & _CHAINED))


def _arm64_row(memory: Memory, base: int, row: int) -> Extent | None:
    start, unwind = memory.u32(row), memory.u32(row + 4)
    kind = unwind & 3
    if not kind:  # the RVA of a record that begins with the length, in instructions
        return Extent(start, start + 4 * (memory.u32(base + unwind) & 0x3FFFF), False)
    if kind in (_PACKED, _PACKED_FRAGMENT):
        return Extent(start, start + 4 * (unwind >> 2 & 0x7FF), kind == _PACKED_FRAGMENT)
    return None


# A row's size in bytes and its reader; x86 has no such table.
_ROWS: dict[str, tuple[int, Callable[[Memory, int, int], Extent | None]]] = {
    "x64": (12, _x64_row),
    "arm64": (8, _arm64_row),
}
