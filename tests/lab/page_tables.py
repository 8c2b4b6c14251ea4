"""Writing page tables: x64 with four or five levels, ARM64 with four, x86 with and without PAE.

Entry bits: Intel SDM volume 3, 4.5 (4-level and 5-level) and 4.4 (PAE); Arm ARM DDI 0487, D8
(4 KB granule).
"""

from __future__ import annotations

from typing import NamedTuple

from .physical_memory import PhysicalMemory
from .profiles import Profile

__all__ = ["PageTables", "page_tables"]

_ADDRESS = 0x0000_FFFF_FFFF_F000


class _Format(NamedTuple):
    """How entries look: ``indexes`` as (shift, bits) from the top, the rest are entry bits."""

    indexes: tuple[tuple[int, int], ...]
    top_table: int  # an entry of the top level
    table: int
    page: int
    no_execute: int
    self_map: int | None  # the top index that maps the tables themselves
    trimmed: int  # an entry in transition
    in_page_file: int
    entry_size: int = 8


# _MMPTE_TRANSITION in public PDBs, ARM64's too: Transition (bit 11), read and write (Protection 4).
_TRIMMED = 1 << 11 | 4 << 5
_TRIMMED_ARM64 = 1 << 11 | 4 << 1

# Software PTEs: not valid, not transition (bit 11), not prototype (bit 10), the page in the page
# file at 0x1234 (_MMPTE_SOFTWARE in public PDBs; any value without those bits will do).
_IN_PAGE_FILE = 0x1234 << 32 | 0x80
_IN_PAGE_FILE_32 = 0x1234 << 12 | 0x80

_FOUR_LEVELS = ((39, 9), (30, 9), (21, 9), (12, 9))
_X64 = _Format(_FOUR_LEVELS, 0x63, 0x63, 0x163, 1 << 63, 0x1ED, _TRIMMED, _IN_PAGE_FILE)
_ARM64 = _Format(_FOUR_LEVELS, 0x3, 0x3, 0x703, 3 << 53, 0x1ED, _TRIMMED_ARM64, _IN_PAGE_FILE)
_X64_LA57 = _X64._replace(indexes=((48, 9), *_FOUR_LEVELS))
# The PDPT's entries have neither access nor write bits.
_X86_PAE = _Format(
    ((30, 2), (21, 9), (12, 9)), 0x1, 0x63, 0x163, 1 << 63, None, _TRIMMED, _IN_PAGE_FILE
)
# Windows maps its tables at 0xC0000000.
_X86 = _Format(((22, 10), (12, 10)), 0x63, 0x63, 0x163, 0, 0x300, _TRIMMED, _IN_PAGE_FILE_32, 4)
_FORMATS = {"x64": _X64, "arm64": _ARM64, "x86": _X86_PAE}


class PageTables:
    """One set of tables in ``memory``; ``directory`` is the physical address of the top one."""

    def __init__(self, memory: PhysicalMemory, layout: _Format) -> None:
        self._memory = memory
        self._layout = layout
        self._pages: dict[int, int] = {}
        self._top = memory.allocate()
        self.directory = self._top << 12
        if layout.self_map is not None:
            self._write(self._top, layout.self_map, self.directory | layout.top_table)

    @property
    def indexes(self) -> tuple[tuple[int, int], ...]:
        """Where in a VA the index of each level is, from the top: (shift, bits)."""
        return self._layout.indexes

    @property
    def self_map_base(self) -> int:
        """The VA of the page table entries, 0 without a self map."""
        index = self._layout.self_map
        top, bits = self._layout.indexes[0]
        return 0 if index is None else (-1 << top + bits | index << top) & 0xFFFF_FFFF_FFFF_FFFF

    def frame(self, address: int) -> int | None:
        """The frame that the VA ``address`` is mapped to."""
        return self._pages.get(address >> 12)

    def map(self, address: int, executable: bool) -> None:
        """Maps the page of ``address`` to a new frame; an already mapped page stays as it is."""
        if address >> 12 in self._pages:
            return
        frame = self._memory.allocate()
        bits = self._layout.page | (0 if executable else self._layout.no_execute)
        self._set_entry(address, frame << 12 | bits)
        self._pages[address >> 12] = frame

    def page_out(self, address: int) -> None:
        """Takes the page of ``address`` away, as if it were in the page file."""
        frame = self._pages.pop(address >> 12)
        self._set_entry(address, self._layout.in_page_file)
        del self._memory.frames[frame]

    def trim(self, address: int) -> None:
        """Takes the page of ``address`` from its mapping, and leaves it in memory."""
        self._set_entry(address, self._pages[address >> 12] << 12 | self._layout.trimmed)

    def _set_entry(self, address: int, entry: int) -> None:
        table = self._top
        *upper, (shift, bits) = self._layout.indexes
        for level, (upper_shift, upper_bits) in enumerate(upper):
            index = address >> upper_shift & ((1 << upper_bits) - 1)
            table = self._table_at(table, index, is_top=level == 0)
        self._write(table, address >> shift & ((1 << bits) - 1), entry)

    def _table_at(self, table: int, index: int, is_top: bool) -> int:
        size = self._layout.entry_size
        entry = self._memory.read_word(table, index * size, size)
        if not entry:
            bits = self._layout.top_table if is_top else self._layout.table
            entry = self._memory.allocate() << 12 | bits
            self._write(table, index, entry)
        return (entry & _ADDRESS) >> 12

    def _write(self, table: int, index: int, entry: int) -> None:
        size = self._layout.entry_size
        self._memory.write_word(table, index * size, size, entry)


def page_tables(memory: PhysicalMemory, profile: Profile) -> PageTables:
    """Empty ones."""
    layout = _FORMATS[profile.architecture]
    if profile.five_levels:
        layout = _X64_LA57
    elif profile.is_without_pae:
        layout = _X86
    return PageTables(memory, layout)
