"""The images of a kernel that page tables map: below a piece of its code, or anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import TYPE_CHECKING

from . import image
from .errors import MemoryUnreadable
from .memory import PAGE, Memory

if TYPE_CHECKING:
    from .address_space import AddressSpace

__all__ = ["Effort", "kernels"]

_MOST_PAGES = 500_000  # that are asked whether a kernel begins there; some 2 s
_OF_A_TABLE = _OF_AN_IMAGE = 16  # what reading a page table, or an image's headers, counts for
_NAMES = {"ntoskrnl.exe", "ntkrnlmp.exe", "ntkrnlpa.exe", "ntkrpamp.exe", "ntkrla57.exe"}
_FARTHEST = 0x200_0000  # bytes from a kernel's code down to its base


class Effort:
    """How many pages may still be looked at for the kernel: all guesses share it, since tables may
    lead in circles, and a file may be made of them."""

    def __init__(self) -> None:
        self._left = _MOST_PAGES

    def spend(self, pages: int) -> bool:
        """Whether there are as many left."""
        self._left -= pages
        return self._left >= 0


def kernels(space: AddressSpace, memory: Memory, code: list[int], effort: Effort) -> Iterator[int]:
    """Images that call themselves the kernel: those that the code is in, then what is mapped. The
    kernel's file may be mapped, too, as data."""
    tried = {0}
    for place in code:
        base = _kernel_below(memory, place, effort)
        if base not in tried:
            tried.add(base)
            yield base
    for base in _kernels_by_tables(space, memory, effort):
        if base not in tried:
            yield base


def _kernel_below(memory: Memory, code: int, effort: Effort) -> int:
    if not memory.is_kernel(code) or not effort.spend(_FARTHEST // PAGE):
        return 0
    top = code & ~(PAGE - 1)
    return next((at for at in range(top, top - _FARTHEST, -PAGE) if _is_kernel(memory, at)), 0)


def _is_kernel(memory: Memory, base: int) -> bool:
    """Whether the image at ``base`` calls itself the kernel, as it was linked or by its PDB."""
    try:
        if memory.read(base, 2) != b"MZ":
            return False
        directory, _ = image.data_directory(memory, base, image.DIRECTORY_EXPORT)
        if directory:
            name = memory.read(base + memory.u32(base + directory + 12), 16)
            if name.partition(b"\0")[0].decode("latin-1").lower() in _NAMES:
                return True
        pdb = image.pdb_reference(memory, base)
    except MemoryUnreadable:
        return False
    return pdb is not None and pdb.name.lower().replace(".pdb", ".exe") in _NAMES


# Where kernels lie: below what Windows gives to other system space (SOURCES 6.1), above 2 GiB.
_KERNEL_SPACE = {8: (0xFFFF_F800_0000_0000, 0xFFFF_FFFF_FFFF_FFFF), 4: (0x8000_0000, 0xFFFF_FFFF)}
_LETTERS = {4: "I", 8: "Q"}  # struct's, by an entry's size
_SIGN = 0xFFFF_FFFF_FFFF_FFFF
_MZ = 0x5A4D


def _kernels_by_tables(space: AddressSpace, memory: Memory, effort: Effort) -> Iterator[int]:
    """The kernel images that the page tables map, ascending."""
    low, high = _KERNEL_SPACE[memory.pointer_size]
    behind = 0
    for address, size, physical in _mappings(space, low, high, space.directory, effort):
        # An image on large pages begins at any page of the first of them.
        starts = range(0, size, PAGE) if address != behind else range(0, PAGE, PAGE)
        if not effort.spend(len(starts)):
            return
        for offset in starts:
            if space.physical.word(physical + offset, 2) != _MZ:
                continue
            if effort.spend(_OF_AN_IMAGE) and _is_kernel(memory, address + offset):
                yield address + offset
        behind = address + size


def _mappings(
    space: AddressSpace,
    low: int,
    high: int,
    table: int,
    effort: Effort,
    depth: int = 0,
    base: int = 0,
) -> Iterator[tuple[int, int, int]]:
    """VA, size in bytes and physical address of what is mapped between two VAs, ascending."""
    paging = space.paging
    level = paging.levels[depth]
    start = table & paging.table_mask if depth == 0 else table
    page = space.physical.page(start >> 12)
    if page is None or not effort.spend(_OF_A_TABLE):
        return
    entries = unpack_from(
        f"<{1 << level.index_bits}{_LETTERS[paging.entry_size]}", page, start & 0xFFF
    )
    for index, entry in enumerate(entries):
        if not entry & 1:
            continue
        address = base + (index << level.shift)
        if depth == 0 and paging.address_bits > 32 and index >> level.index_bits - 1:
            address |= _SIGN & -1 << paging.address_bits
        if address + (1 << level.shift) <= low or address > high:
            continue
        frame = entry & paging.frame_mask
        if paging.maps_page(entry, level):
            size = 1 << level.shift
            yield address, size, frame & ~(size - 1)
        elif depth + 1 < len(paging.levels):
            yield from _mappings(space, low, high, frame, effort, depth + 1, address)
