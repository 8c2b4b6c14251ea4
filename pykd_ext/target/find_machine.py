"""What a crash dump's header says, found in physical memory that has none: the page tables, the
kernel, its module list, its build.

Page tables are guessed at, the likeliest first: what the container's registers say; the real-mode
stub that Windows starts processors with, in the first MiB; a top table that maps itself, as
Windows' do (x64, ARM64, x86 without PAE), or the four pointers of PAE, in low memory and then in
all. A guess is right where KUSER_SHARED_DATA lies at its fixed address, and an image that calls
itself the kernel is mapped.

Sources: PROCESSOR_START_BLOCK as in MemProcFS and in "Getting Physical" (Alex Ionescu);
KUSER_SHARED_DATA in ntddk.h; the entries' bits as in :mod:`.page_tables`. Seen on the lab's memory
alone so far, not on a real image (tests/lab/README.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, NamedTuple

from . import image
from .address_space import AddressSpace
from .architecture import ARCHITECTURES, ArchitectureName, architecture_of_machine
from .debugger_data import KERN_BASE, OWNER_TAG, OWNER_TAG_AT, debugger_word
from .errors import Implausible, MemoryUnreadable, TargetError
from .fields import unsigned
from .memory import PAGE, Memory
from .module_list import first_module_base
from .page_tables import ARM64, X64, X64_LA57, X86, X86_PAE, Paging
from .physical import Hints

if TYPE_CHECKING:
    from .protocol import Container

__all__ = ["SHARED_DATA", "Machine", "find_machine"]


class Machine(NamedTuple):
    """``space`` is the kernel's; ``module_list`` is the VA of PsLoadedModuleList, ``debugger_data``
    of KDDEBUGGER_DATA64, 0 where it is encoded."""

    space: AddressSpace
    build: int
    nt_base: int
    module_list: int
    debugger_data: int


class _Guess(NamedTuple):
    """A top page table, and a VA of the kernel's code or 0."""

    directory: int
    pagings: tuple[tuple[ArchitectureName, Paging], ...]
    code: int = 0


_64_BITS: tuple[tuple[ArchitectureName, Paging], ...] = (("x64", X64), ("x64", X64_LA57))
_ANY_64_BITS = (*_64_BITS, ("arm64", ARM64))
_PAE: tuple[tuple[ArchitectureName, Paging], ...] = (("x86", X86_PAE),)
_NO_PAE: tuple[tuple[ArchitectureName, Paging], ...] = (("x86", X86),)

_LOW_FRAMES = 0x1000  # 16 MiB
_LOW_FRAMES_32 = 0x4000
_NO_END = 1 << 36  # the pages that 48 bits of an address tell apart
_AT_ONCE = 0x100  # pages: what lies far away is read as far as it is needed
_MOST_PAGES = 500_000  # that are asked whether a kernel begins there; some 2 s
_OF_A_TABLE = _OF_AN_IMAGE = 16  # what reading a page table, or an image's headers, counts for


class _Effort:
    """How many pages may still be looked at for the kernel: all guesses share it, since tables may
    lead in circles, and a file may be made of them."""

    def __init__(self) -> None:
        self._left = _MOST_PAGES

    def spend(self, pages: int) -> bool:
        """Whether there are as many left."""
        self._left -= pages
        return self._left >= 0


def find_machine(memory: Container) -> Machine:
    """The Windows in ``memory``; raises TargetError where none is found."""
    tried, effort = 0, _Effort()
    for guess in _guesses(memory):
        tried += 1
        for architecture, paging in guess.pagings:
            space = AddressSpace(memory, architecture, paging, guess.directory)
            machine = _machine(space, guess, memory.hints, effort)
            if machine is not None:
                return machine
    raise TargetError(
        f"{memory.path}: no Windows is found in this memory ({tried} page tables were tried): is "
        "it whole, and not encrypted?"
    )


def _guesses(memory: Container) -> Iterator[_Guess]:
    for directory in dict.fromkeys(each & ~0xFFF for each in memory.hints.directory_tables):
        yield _Guess(directory, _ANY_64_BITS)
    for directory, code in _start_blocks(memory):
        yield _Guess(directory, _64_BITS, code)
    for directory in _self_maps(memory, 1, _LOW_FRAMES):
        yield _Guess(directory, _ANY_64_BITS)
    for directory in _pae_pointers(memory, _LOW_FRAMES_32):
        yield _Guess(directory, _PAE)
    for directory in _self_maps_32(memory, _LOW_FRAMES_32):
        yield _Guess(directory, _NO_PAE)
    for directory in _self_maps(memory, _LOW_FRAMES, _NO_END):
        yield _Guess(directory, _ANY_64_BITS)


# PROCESSOR_START_BLOCK: a jump and a completion flag; LmTarget, a VA of the kernel, and the
# kernel's CR3.
_START_BLOCK, _START_MASK = 0x0000_0001_0006_00E9, 0xFFFF_FFFF_FFFF_00FF
_START_TARGET, _START_CR3 = 0x70, 0xA0
_LOW_STUBS = range(1, 0x100)
_WORD = Struct("<Q")
_POINTERS = Struct("<4Q")


def _start_blocks(memory: Container) -> Iterator[tuple[int, int]]:
    for frame in _LOW_STUBS:
        page = memory.page(frame)
        if page and _WORD.unpack_from(page)[0] & _START_MASK == _START_BLOCK:
            code = _WORD.unpack_from(page, _START_TARGET)[0]
            directory = _WORD.unpack_from(page, _START_CR3)[0]
            if code >> 43 == 0x1F_FFFF and not directory & 0xFFFF_FF00_0000_0FFF:
                yield directory, code


def _self_maps(memory: Container, low: int, high: int) -> Iterator[int]:
    """Pages with exactly one entry in their upper half that leads to the page itself."""
    for start, data in _stretches(memory, low, high):
        for frame in _naming_themselves(start, data):
            offset = (frame - start) * PAGE
            if _maps_itself(data[offset : offset + PAGE], frame):
                yield frame * PAGE


_ALIKE = 16  # pages whose entries for themselves have the same bits 16 to 47


def _naming_themselves(start: int, data: bytes) -> Iterator[int]:
    """The pages of ``data``, whose first is ``start``, that may have an entry for themselves.

    Those that are alike are searched together, and of each entry one byte first: several GB/s.
    """
    end = start + len(data) // PAGE
    for first in range(start & -_ALIKE, end, _ALIKE):
        frame, behind = max(first, start), min(first + _ALIKE, end)
        alike = data[(frame - start) * PAGE : (behind - start) * PAGE]
        bits = (first >> 4).to_bytes(4, "little")
        rare = next((index for index, byte in enumerate(bits) if byte), 0)  # as zeros are not
        column, byte = alike[2 + rare :: 8], bits[rare : rare + 1]
        at = column.find(byte)
        while at >= 0:
            if alike.startswith(bits, 8 * at + 2):
                page = 8 * at // PAGE
                yield frame + page
                at = (page + 1) * PAGE // 8 - 1
            at = column.find(byte, at + 1)


def _stretches(memory: Container, low: int, high: int) -> Iterator[tuple[int, bytes]]:
    """The pages that there are from one frame up to another: the first one's, and their bytes."""
    for first, count in memory.runs:
        frame, end = max(first, low), min(first + count, high)
        while frame < end:
            data = memory.pages(frame, min(_AT_ONCE, end - frame))
            if data:
                yield frame, data
            frame += len(data) // PAGE or 1


def _maps_itself(page: bytes, frame: int) -> bool:
    needle = (frame >> 4).to_bytes(4, "little")  # bits 16 to 47 of an entry
    entries = 0
    at = page.find(needle, PAGE // 2 + 2)
    while at >= 0:
        if at % 8 == 2:
            entry = _WORD.unpack_from(page, at - 2)[0]
            entries += entry & 1 and entry >> 12 & 0xF_FFFF_FFFF == frame
        at = page.find(needle, at + 1)
    return entries == 1


# The last of four page directory pointers: there, no bit set that is to be clear (Intel SDM 3A
# 4.4.1), below 64 GiB. By a pattern, since most memory is none.
_LAST_POINTER = re.compile(
    rb"\x01[\x00\x10\x20\x30\x40\x50\x60\x70\x80\x90\xA0\xB0\xC0\xD0\xE0\xF0]..[\0-\x0F]\0\0\0",
    re.DOTALL,
)


def _pae_pointers(memory: Container, high: int) -> Iterator[int]:
    """Four page directory pointers, of which the last, the system's, is there."""
    for frame, data in _stretches(memory, 1, high):
        for match in _LAST_POINTER.finditer(data):
            offset = match.end() - _POINTERS.size
            if not offset % _POINTERS.size and all(
                not each or each & 0xFFFF_FFF0_0000_0FFF == 1
                for each in _POINTERS.unpack_from(data, offset)
            ):
                yield frame * PAGE + offset


_SELF_MAP_32 = Struct("<I")
_SELF_MAP_32_AT = 4 * 0x300  # the entry of 0xC0000000, where Windows maps its page tables


def _self_maps_32(memory: Container, high: int) -> Iterator[int]:
    for frame, data in _stretches(memory, 1, high):
        for offset in range(0, len(data), PAGE):
            entry = _SELF_MAP_32.unpack_from(data, offset + _SELF_MAP_32_AT)[0]
            if entry & 1 and entry >> 12 == frame + offset // PAGE:
                yield entry & -PAGE


def _machine(space: AddressSpace, guess: _Guess, hints: Hints, effort: _Effort) -> Machine | None:
    memory = Memory(space)
    seen = _shared_data(memory)
    if seen is None or seen.machine != ARCHITECTURES[space.architecture].machine:
        return None
    code = [each for each in (guess.code, *hints.code, *_handlers(memory, hints)) if each]
    without_list = None
    for base in islice(_kernels(space, memory, code, effort), _MOST_KERNELS):
        try:
            exports = image.exports(memory, base)
            build = seen.build or memory.u32(exports["NtBuildNumber"]) & 0xFFFF
            module_list = exports.get("PsLoadedModuleList") or _module_list(memory, base)
        except (MemoryUnreadable, Implausible, KeyError):
            continue
        machine = Machine(space, build, base, module_list, _debugger_data(memory, base))
        if module_list:
            return machine
        without_list = without_list or machine
    return without_list


class _SharedData(NamedTuple):
    """``build`` is 0 before Windows 10, which does not keep it there; ``machine`` is an
    IMAGE_FILE_MACHINE_*."""

    build: int
    machine: int


# The VA of KUSER_SHARED_DATA, by pointer size.
SHARED_DATA = {8: 0xFFFF_F780_0000_0000, 4: 0xFFDF_0000}
_IMAGE_NUMBER, _SYSTEM_ROOT, _BUILD_NUMBER, _MAJOR, _MINOR = 0x2C, 0x30, 0x260, 0x26C, 0x270
_VERSIONS = {(5, 1), (5, 2), (6, 0), (6, 1), (6, 2), (6, 3), (10, 0)}


def _shared_data(memory: Memory) -> _SharedData | None:
    at = SHARED_DATA[memory.pointer_size]
    try:
        root = memory.read(at + _SYSTEM_ROOT, 6)
        version = memory.u32(at + _MAJOR), memory.u32(at + _MINOR)
        build = memory.u32(at + _BUILD_NUMBER) & 0xFFFF
        machine = memory.u16(at + _IMAGE_NUMBER)
    except MemoryUnreadable:
        return None
    if root[1:6] != b"\0:\0\\\0" or version not in _VERSIONS:
        return None
    if architecture_of_machine(machine) is None:
        return None
    return _SharedData(build if version[0] >= 10 else 0, machine)


_PAGE_FAULT = 14
_GATE = 16  # bytes of an IDT's entry, whose handler is in three parts


def _handlers(memory: Memory, hints: Hints) -> Iterator[int]:
    """The handlers of page faults, which are the kernel's."""
    for table in hints.interrupt_tables:
        try:
            gate = memory.read(table + _PAGE_FAULT * _GATE, _GATE)
        except MemoryUnreadable:
            continue
        yield unsigned(gate[:2] + gate[6:12])


_NAMES = {"ntoskrnl.exe", "ntkrnlmp.exe", "ntkrnlpa.exe", "ntkrpamp.exe", "ntkrla57.exe"}
_FARTHEST = 0x200_0000  # bytes from a kernel's code down to its base
_MOST_KERNELS = 16


def _kernels(
    space: AddressSpace, memory: Memory, code: list[int], effort: _Effort
) -> Iterator[int]:
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


def _kernel_below(memory: Memory, code: int, effort: _Effort) -> int:
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


def _kernels_by_tables(space: AddressSpace, memory: Memory, effort: _Effort) -> Iterator[int]:
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
    effort: _Effort,
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


_MOST_DATA = 16 << 20  # bytes of nt's own data that are looked through


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


def _module_list(memory: Memory, base: int) -> int:
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


def _debugger_data(memory: Memory, base: int) -> int:
    """KDDEBUGGER_DATA64 of this kernel; 0 where there is none, as where it is encoded."""
    for address, page in _data_pages(memory, base):
        at = page.find(OWNER_TAG)
        if at >= OWNER_TAG_AT:
            block = address + at - OWNER_TAG_AT
            if debugger_word(memory, block, KERN_BASE) == base:
                return block
    return 0
