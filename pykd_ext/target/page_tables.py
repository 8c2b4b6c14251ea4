"""Virtual to physical addresses, from the page tables in a dump.

Entry formats: Intel SDM volume 3, chapter 4 (x64 with four and five levels, PAE, 32-bit paging);
Arm ARM DDI 0487, chapter D8 (4 KB granule, 48-bit). A page that Windows has trimmed but not yet
reused is still in memory, "in transition": ``_MMPTE_TRANSITION`` in ntoskrnl's public PDBs
(Prototype bit 10 clear, Transition bit 11 set, PageFrameNumber from bit 12 on, in x86's, x64's and
ARM64's). It is read as Windows would on a fault. Since the fixes for L1TF Windows sets a high bit
in the frame number of such an entry of x64, so that it leads to no memory: bit 45, which MemProcFS
clears and volatility3 (pull request 475) leaves out with all above it. ARM64's PDBs have no such
bit.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

Word = Callable[[int, int], Optional[int]]  # (physical address, bytes) -> value or None

_PROTOTYPE, _TRANSITION = 1 << 10, 1 << 11


class Level(NamedTuple):
    """One step of the walk: which VA bits index the table, and whether an entry may map a page."""

    shift: int
    index_bits: int
    may_map: bool


class Paging(NamedTuple):
    """One paging mode. Masks apply to table entries."""

    levels: tuple[Level, ...]
    entry_size: int
    table_mask: int  # of the directory base
    frame_mask: int
    transition_mask: int  # of the frame in an entry in transition

    @property
    def address_bits(self) -> int:
        """How many bits of an address lead through the tables; the sign's repeats above them."""
        top = self.levels[0]
        return top.shift + top.index_bits

    def maps_page(self, entry: int, level: Level) -> bool:
        """Whether the valid ``entry`` maps memory itself, instead of pointing to the next table."""
        return level.shift == 12 or (level.may_map and bool(entry & 1 << 7))


class Arm64Paging(Paging):
    """A descriptor's bit 1 is clear in a block and set in a table or a page."""

    def maps_page(self, entry: int, level: Level) -> bool:
        return level.shift == 12 or (level.may_map and not entry & 2)


_FOUR_LEVELS = (Level(39, 9, False), Level(30, 9, True), Level(21, 9, True), Level(12, 9, True))
_FRAMES = 0x000F_FFFF_FFFF_F000
_IN_TRANSITION = 0x0000_1FFF_FFFF_F000
_ARM64_FRAMES = 0x0000_FFFF_FFFF_F000

X64 = Paging(_FOUR_LEVELS, 8, _FRAMES, _FRAMES, _IN_TRANSITION)
# Of ntkrla57.exe, on processors that have LA57.
X64_LA57 = Paging((Level(48, 9, False), *_FOUR_LEVELS), 8, _FRAMES, _FRAMES, _IN_TRANSITION)
ARM64 = Arm64Paging(_FOUR_LEVELS, 8, _ARM64_FRAMES, _ARM64_FRAMES, _ARM64_FRAMES)
X86_PAE = Paging(
    (Level(30, 2, False), Level(21, 9, True), Level(12, 9, True)),
    8,
    0xFFFF_FFE0,
    _FRAMES,
    _IN_TRANSITION,
)
X86 = Paging((Level(22, 10, True), Level(12, 10, True)), 4, 0xFFFF_F000, 0xFFFF_F000, 0xFFFF_F000)


def paging_mode(
    architecture: str, pae: bool, word: Word, directory: int, module_list: int
) -> Paging:
    """The paging of a target: ``x64``, ``arm64``, or ``x86`` with or without PAE.

    An x64 kernel has five levels where ``module_list``, a VA of its own data, is mapped by them
    alone: CR4, which would tell, is in no dump's header.
    """
    if architecture == "x86":
        return X86_PAE if pae else X86
    if architecture == "arm64":
        return ARM64
    mapped = [
        translate(word, paging, directory, module_list) is not None for paging in (X64, X64_LA57)
    ]
    return X64_LA57 if mapped == [False, True] else X64


def translate(word: Word, paging: Paging, directory: int, address: int) -> int | None:
    """The physical address of the VA ``address``; None when it is not mapped or paged out.

    ``directory`` is the physical address of the top table (CR3, TTBR1); ``word`` reads physical
    memory.
    """
    table = directory & paging.table_mask
    for level in paging.levels:
        index = address >> level.shift & ((1 << level.index_bits) - 1)
        entry = word(table + index * paging.entry_size, paging.entry_size)
        if entry is None:
            return None
        if not entry & 1:
            return _in_transition(paging, level, entry, address)
        if paging.maps_page(entry, level):
            size = 1 << level.shift
            return (entry & paging.frame_mask & ~(size - 1)) | (address & (size - 1))
        table = entry & paging.frame_mask
    return None


def _in_transition(paging: Paging, level: Level, entry: int, address: int) -> int | None:
    if level.shift != 12 or not entry & _TRANSITION or entry & _PROTOTYPE:
        return None
    return (entry & paging.transition_mask) | (address & 0xFFF)
