"""The file of a kernel crash dump: its header, and where each physical page lies in it.

kdmp-parser was weighed for this and is our oracle in the tests instead: it reads x64 alone, has no
wheel for macOS or ARM64, gives up on a truncated file, and keeps a hash-table node for every page
(200 MB for a 16 GB dump). Two dictionaries of offsets and a binary search serve every architecture.

Offsets of the header: kdmp-parser-structs.h (HEADER64, BMP_HEADER64, PHYSMEM_DESC) for 64-bit and
volatility3's crash.json and crash_common.json for 32-bit; dump types: rizin's dmp_specs.h, and
kdmp-parser-structs.h for those from 8 on; Attributes: the SDK's mindumpdef.h, in public copies.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from . import BugCheck
from .architecture import ARCHITECTURES, ArchitectureName, architecture_of_machine
from .dump_origin import Origin, dump_origin
from .errors import MemoryUnreadable, TargetError, UnsupportedTarget
from .fields import Record, unpack_at, unsigned, words
from .file_bytes import map_file
from .physical import PAGE, Pages, Runs, StoredMemory, without_overlaps

if TYPE_CHECKING:
    from .protocol import FileBytes
    from .small_dump import Blocks, SmallDump

_FULL, _KERNEL, _HEADER, _TRIAGE, _BITMAP_FULL, _BITMAP_KERNEL, _AUTOMATIC = range(1, 8)
_KERNEL_RANGES, _KERNEL_AND_USER_RANGES, _COMPLETE_RANGES = range(8, 11)
_WITH_RUNS = {_FULL}
_WITH_RANGES = {_KERNEL_RANGES, _KERNEL_AND_USER_RANGES, _COMPLETE_RANGES}
_WITH_BITMAP = {_KERNEL, _BITMAP_FULL, _BITMAP_KERNEL, _AUTOMATIC}


class _Fields(NamedTuple):
    """DUMP_HEADER32 and 64, as far as they are asked; addresses are VAs, ``directory_table`` is a
    physical address."""

    build: int
    directory_table: int
    module_list: int
    machine: int
    bug_check: BugCheck
    pae: bool
    debugger_data: int
    dump_type: int
    attributes: int


def _of_header_64(fields: Iterable[int]) -> _Fields:
    build, directory, modules, machine, code, *rest = fields
    *parameters, debugger_data, dump_type, attributes = rest
    bug_check = BugCheck(code, tuple(parameters))
    return _Fields(
        build, directory, modules, machine, bug_check, True, debugger_data, dump_type, attributes
    )


def _of_header_32(fields: Iterable[int]) -> _Fields:
    build, directory, modules, machine, code, *rest = fields
    *parameters, pae, debugger_data, attributes, dump_type = rest
    bug_check = BugCheck(code, tuple(parameters))
    return _Fields(
        build, directory, modules, machine, bug_check, bool(pae), debugger_data, dump_type,
        attributes,
    )  # fmt: skip


# MinorVersion, DirectoryTableBase, PsLoadedModuleList, MachineImageType, BugCheckCode and its
# parameters, (PaeEnabled,) KdDebuggerDataBlock, DumpType, Attributes (of 32 bits before DumpType).
_HEADER_64 = Record("12xIQ 8xQ 8xI 4xI 4x4Q 32xQ 3856xI 180xI", _of_header_64)
_HEADER_32 = Record("12xII 4xI 4xI 4xI4I 32xB 3xI 2108xI 1764xI", _of_header_32)


class HeaderLayout(NamedTuple):
    """How the header of one bitness is laid out; sizes and offsets in bytes."""

    header_size: int
    fields: Record[_Fields]
    runs: int  # PHYSICAL_MEMORY_DESCRIPTOR
    word: int  # the size of its counts and page numbers
    context: int  # CONTEXT, where the room of the runs ends
    context_size: int
    exception: int  # EXCEPTION_RECORD


_HEADER_LAYOUTS = {
    b"PAGEDU64": HeaderLayout(0x2000, _HEADER_64, 0x88, 8, 0x348, 3000, 0xF00),
    b"PAGEDUMP": HeaderLayout(0x1000, _HEADER_32, 0x64, 4, 0x320, 1200, 0x7D0),
}


class DumpHeader(NamedTuple):
    """The header's facts. Addresses are VAs, ``directory_table`` is a physical address."""

    architecture: ArchitectureName
    dump_type: int
    build: int
    directory_table: int
    pae: bool
    module_list: int
    debugger_data: int
    origin: Origin


class DumpFile(StoredMemory):
    """A dump's file. ``problems`` holds a line for each thing wrong with the file,
    ``small`` what a small dump has in place of pages, None for any other."""

    what = "dump"

    def __init__(self, path: str, data: FileBytes | None = None) -> None:
        """``data``: the file, where it is open already. Raises TargetError when it is no kernel
        dump with memory in it, and says why."""
        super().__init__(data or map_file(path))
        self._layout = layout = _layout_of(self._data, self.path)
        self.header = self._read_header(layout)
        self.small: SmallDump | None = None
        self._blocks: Blocks | None = None
        if self.header.dump_type == _TRIAGE:
            self._read_small(layout)
        else:
            self._lay_out(self._read_pages(layout))

    def context(self) -> bytes:
        """The room of the header's CONTEXT, the registers at the time of the crash."""
        return self._data[self._layout.context : self._layout.context + self._layout.context_size]

    def exception(self) -> tuple[int, int]:
        """ExceptionCode and the VA of ExceptionAddress in the header's EXCEPTION_RECORD."""
        start, word = self._layout.exception, self._layout.word
        address = start + 8 + word
        return (
            unsigned(self._data, start, 4),
            unsigned(self._data, address, word),
        )

    def virtual(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at a VA of a small dump; raises MemoryUnreadable."""
        if self._blocks is None:
            raise MemoryUnreadable(address, size)
        return self._blocks.read(address, size)

    def _read_header(self, layout: HeaderLayout) -> DumpHeader:
        fields = layout.fields.read(self._data)
        architecture = architecture_of_machine(fields.machine)
        if architecture is None:
            raise UnsupportedTarget(
                f"{self.path}: machine type {fields.machine:#x} is none of x64, x86, ARM64"
            )
        _refuse_type(fields.dump_type, self.path)
        origin = dump_origin(fields.bug_check, fields.attributes)
        if origin.is_encrypted:
            raise UnsupportedTarget(
                f"{self.path}: the memory in this dump is encrypted: decrypt it with "
                "KernelDumpDecrypt of the Debugging Tools for Windows"
            )
        return DumpHeader(
            architecture=architecture.name,
            dump_type=fields.dump_type,
            build=fields.build,
            directory_table=fields.directory_table,
            pae=fields.pae,
            module_list=fields.module_list,
            debugger_data=fields.debugger_data,
            origin=origin,
        )

    def _read_pages(self, layout: HeaderLayout) -> Pages:
        if self.header.dump_type in _WITH_RUNS:
            return self._runs(_read_runs(self._data, layout, self.path))
        if self.header.dump_type in _WITH_RANGES:
            from .dump_ranges import read_ranges  # noqa: PLC0415 - few dumps are of these types

            is_complete = self.header.dump_type == _COMPLETE_RANGES
            return self._runs(read_ranges(self._data, layout.header_size, is_complete, self.path))
        is_old = self.header.dump_type == _KERNEL
        return _Bitmap(self._data, layout.header_size, is_old, self.path)

    def _runs(self, runs: list[tuple[int, int, int]]) -> Runs:
        kept = without_overlaps(runs)
        twice = sum(run[1] for run in runs) - sum(run[1] for run in kept)
        if twice:
            self.problems.append(
                f"{twice:#x} pages are in the dump twice, by its own runs: the lower run's are read"
            )
        return Runs(kept)

    def _read_small(self, layout: HeaderLayout) -> None:
        data = self.header.debugger_data
        from .small_dump import read_small_dump  # noqa: PLC0415 - 3 ms, seldom needed

        self.small, self._blocks = read_small_dump(
            self._data,
            layout.header_size,
            ARCHITECTURES[self.header.architecture],
            data,
            self.problems,
        )
        if not self.small.loaded and not self.small.memory:
            raise TargetError(
                f"{self.path}: nothing of this small memory dump can be read: "
                f"{'; '.join(self.problems)}"
            )


class _BitmapHeader(NamedTuple):
    """What stands before the bits: FirstPage, the file offset of the first page; TotalPresentPages;
    Pages, which is how many bits there are."""

    fields: struct.Struct
    bitmap: dict[int, int]  # where they begin, by the size of the dump's header

    def read(self, data: FileBytes, header: int) -> tuple[int, int, int, int]:
        """Those three, and the bitmap's file offset; zeros where the file ends before."""
        if header + self.fields.size > len(data):
            return 0, 0, 0, 0
        first_page, present, bits = unpack_at(self.fields, data, header)
        return first_page, present, bits, header + self.bitmap[header]


# BMP_HEADER64 (Windows 8 on, kdmp-parser-structs.h), and SUMMARY_DUMP32 and 64 of the kernel dumps
# before (can1357/selene, from the WDK). The bits of a SUMMARY_DUMP32 begin where the other has the
# first page's offset, so it comes first for those.
_BMP_HEADER = _BitmapHeader(struct.Struct("<32xQQQ"), {0x2000: 0x38, 0x1000: 0x38})
_SUMMARY_HEADER = _BitmapHeader(struct.Struct("<12xI4xII"), {0x2000: 0x28, 0x1000: 0x20})


class _Bitmap(Pages):
    """Types 2, 5, 6, 7: a bit for every physical page; the set ones follow in order.

    The rank of a bit is a running count over blocks of the bitmap, made as far as it is needed.
    """

    _BLOCK = 0x200  # bytes of bitmap: 4096 pages

    def __init__(self, data: FileBytes, header: int, is_old: bool, path: str) -> None:
        signature = data[header : header + 8]
        if signature not in (b"SDMPDUMP", b"FDMPDUMP"):
            raise TargetError(f"{path}: no page bitmap at {header:#x} (found {signature!r})")
        for layout in (_SUMMARY_HEADER, _BMP_HEADER) if is_old else (_BMP_HEADER,):
            first, present, bits, bitmap = layout.read(data, header)
            if first and bitmap + bits // 8 <= first:
                break
        else:
            raise TargetError(f"{path}: the page bitmap at {header:#x} is damaged")
        self._data = data
        self._first_page, self._bits, self._bitmap = first, bits, bitmap
        self._ranks = [0]
        self.start, self.end = first, first + present * PAGE

    @property
    def top(self) -> int:
        return self._bits

    def address(self, offset: int) -> int | None:
        return self._frame(offset) * PAGE + (offset - self._first_page) % PAGE

    def _frame(self, offset: int) -> int:
        rank = (offset - self._first_page) // PAGE
        blocks = -(-self._bits // (self._BLOCK * 8))
        while self._ranks[-1] <= rank and len(self._ranks) <= blocks:
            self._ranks.append(self._ranks[-1] + self._count(len(self._ranks) - 1, self._BLOCK * 8))
        block = bisect_right(self._ranks, rank) - 1
        left = rank - self._ranks[block]
        low, high = 0, self._BLOCK * 8
        while low < high:  # the bit that ``left`` set ones come before
            middle = (low + high) // 2
            if self._count(block, middle + 1) <= left:
                low = middle + 1
            else:
                high = middle
        return block * self._BLOCK * 8 + low

    def offset(self, frame: int) -> int | None:
        if frame >= self._bits:
            return None
        byte = self._data[self._bitmap + (frame >> 3) : self._bitmap + (frame >> 3) + 1]
        if not byte or not byte[0] >> (frame & 7) & 1:
            return None
        block = (frame >> 3) // self._BLOCK
        while len(self._ranks) <= block:
            self._ranks.append(self._ranks[-1] + self._count(len(self._ranks) - 1, self._BLOCK * 8))
        rank = self._ranks[block] + self._count(block, frame - block * self._BLOCK * 8)
        return self._first_page + rank * PAGE

    def _count(self, block: int, bits: int) -> int:
        """The set ones among the first ``bits`` bits of a block."""
        start = self._bitmap + block * self._BLOCK
        value = unsigned(self._data, start, (bits + 7) // 8)
        return bin(value & ((1 << bits) - 1)).count("1")


def is_dump(head: bytes) -> bool:
    """Whether a file that begins so is a dump of Windows, of whatever kind."""
    return head[:4] in (b"PAGE", b"MDMP")


def is_kernel_dump(path: str) -> bool:
    """Whether the file begins as a dump of a kernel does, 32-bit or 64-bit; False for one that
    cannot be read."""
    return _magic(path) in _HEADER_LAYOUTS


def _magic(path: str) -> bytes:
    """The first bytes, none of a file that cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(8)
    except OSError:
        return b""


def _layout_of(data: FileBytes, path: str) -> HeaderLayout:
    magic = data[:8]
    if magic[:4] == b"MDMP":
        raise TargetError(
            f"{path} is a user-mode minidump; registry callbacks live in the kernel: take a "
            "kernel, automatic or complete memory dump (MEMORY.DMP)"
        )
    layout = _HEADER_LAYOUTS.get(magic)
    if layout is None:
        raise TargetError(
            f"{path} is not a Windows crash dump: it starts with {magic!r}, "
            "not PAGEDU64 or PAGEDUMP; a raw image of memory has to be called .raw, .mem, .dd, "
            ".bin or .img"
        )
    if len(data) < layout.header_size:
        raise TargetError(
            f"{path}: the dump is cut off in its header ({len(data):#x} of {layout.header_size:#x} "
            "bytes)"
        )
    return layout


def _refuse_type(dump_type: int, path: str) -> None:
    if dump_type == _HEADER:
        raise TargetError(
            f"{path} is the header of a dump alone (type {dump_type}): take a kernel, automatic or "
            "complete memory dump"
        )
    if dump_type not in _WITH_RUNS | _WITH_RANGES | _WITH_BITMAP | {_TRIAGE}:
        raise UnsupportedTarget(f"{path}: unknown dump type {dump_type:#x}")


def _read_runs(data: FileBytes, layout: HeaderLayout, path: str) -> list[tuple[int, int, int]]:
    """PHYSICAL_MEMORY_DESCRIPTOR: as (first page number, page count, file offset)."""
    count = unsigned(data, layout.runs, 4)
    first = layout.runs + 2 * layout.word
    room = (layout.context - first) // (2 * layout.word)
    if not 0 < count <= room:
        raise TargetError(
            f"{path}: the header's physical memory runs are damaged ({count:#x} of them, room for "
            f"{room})"
        )
    runs = []
    offset = layout.header_size
    numbers = words(data[first : first + count * 2 * layout.word], layout.word)
    for base, pages in zip(numbers[0::2], numbers[1::2]):
        runs.append((base, pages, offset))
        offset += pages * PAGE
    return runs
