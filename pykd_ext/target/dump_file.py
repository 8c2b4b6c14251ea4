"""The file of a kernel crash dump: its header, and where each physical page lies in it.

kdmp-parser was weighed for this and is our oracle in the tests instead: it reads x64 alone, has no
wheel for macOS or ARM64, gives up on a truncated file, and keeps a hash-table node for every page
(200 MB for a 16 GB dump). Two dictionaries of offsets and a binary search serve every architecture.

Offsets of the header: kdmp-parser-structs.h (HEADER64, BMP_HEADER64, PHYSMEM_DESC) for 64-bit and
volatility3's crash.json and crash_common.json for 32-bit; dump types: rizin's dmp_specs.h.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Callable, NamedTuple

from . import BugCheck
from .architecture import ARCHITECTURES, ArchitectureName, architecture_of_machine
from .errors import MemoryUnreadable, TargetError, UnsupportedTarget

if TYPE_CHECKING:
    from .small_dump import Blocks, SmallDump

PAGE = 0x1000
_CHUNK = 16 << 20  # bytes read at once

Progress = Callable[[int, int], None]  # bytes so far, bytes in all

_FULL, _KERNEL, _HEADER, _TRIAGE, _BITMAP_FULL, _BITMAP_KERNEL, _AUTOMATIC = range(1, 8)
_WITH_RUNS = {_FULL}
_WITH_BITMAP = {_KERNEL, _BITMAP_FULL, _BITMAP_KERNEL, _AUTOMATIC}

_FIELDS_64 = {
    "build": (0x0C, 4),
    "directory_table": (0x10, 8),
    "module_list": (0x20, 8),
    "machine": (0x30, 4),
    "bug_check": (0x38, 4),
    "parameters": (0x40, 8),
    "debugger_data": (0x80, 8),
    "type": (0xF98, 4),
}
_FIELDS_32 = {
    "build": (0x0C, 4),
    "directory_table": (0x10, 4),
    "module_list": (0x18, 4),
    "machine": (0x20, 4),
    "bug_check": (0x28, 4),
    "parameters": (0x2C, 4),
    "pae": (0x5C, 1),
    "debugger_data": (0x60, 4),
    "type": (0xF88, 4),
}


def _silent(done: int, total: int) -> None:
    """The progress that nobody sees."""


class Shape(NamedTuple):
    """How the header of one bitness is laid out; sizes and offsets in bytes."""

    header_size: int
    fields: dict[str, tuple[int, int]]
    runs: int  # PHYSICAL_MEMORY_DESCRIPTOR
    word: int  # the size of its counts and page numbers
    context: int  # CONTEXT, where the room of the runs ends
    context_size: int
    exception: int  # EXCEPTION_RECORD


_SHAPES = {
    b"PAGEDU64": Shape(0x2000, _FIELDS_64, 0x88, 8, 0x348, 3000, 0xF00),
    b"PAGEDUMP": Shape(0x1000, _FIELDS_32, 0x64, 4, 0x320, 1200, 0x7D0),
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
    bug_check: BugCheck


class DumpFile:
    """A dump, memory mapped. ``problems`` holds a line for each thing wrong with the file,
    ``small`` what a small dump has in place of pages, None for any other."""

    def __init__(self, path: str) -> None:
        """Raises TargetError when ``path`` is no kernel dump with memory in it, and says why."""
        self.path = path
        self.problems: list[str] = []
        self._map = _map_file(path)
        self._shape = shape = _shape_of(self._map, path)
        self.header = self._read_header(shape)
        self.small: SmallDump | None = None
        self._blocks: Blocks | None = None
        if self.header.dump_type == _TRIAGE:
            self._pages = _Pages()
            self._read_small(shape)
        else:
            self._pages = self._read_pages(shape)
            self._note_truncation()

    def close(self) -> None:
        self._map.close()

    def context(self) -> bytes:
        """The room of the header's CONTEXT, the registers at the time of the crash."""
        return self._map[self._shape.context : self._shape.context + self._shape.context_size]

    def exception(self) -> tuple[int, int]:
        """ExceptionCode and the VA of ExceptionAddress in the header's EXCEPTION_RECORD."""
        start, word = self._shape.exception, self._shape.word
        address = start + 8 + word
        return (
            int.from_bytes(self._map[start : start + 4], "little"),
            int.from_bytes(self._map[address : address + word], "little"),
        )

    def virtual(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at a VA of a small dump; raises MemoryUnreadable."""
        if self._blocks is None:
            raise MemoryUnreadable(address, size)
        return self._blocks.read(address, size)

    def page(self, frame: int) -> bytes | None:
        """The 4096 bytes of the physical page ``frame``, None when the dump has not got it."""
        offset = self._pages.offset(frame)
        if offset is None:
            return None
        data = self._map[offset : offset + PAGE]
        return data if len(data) == PAGE else None

    def find(self, needle: bytes, progress: Progress = _silent) -> Iterator[int]:
        """The physical addresses of ``needle`` wherever it lies in one page, in the file's order.

        Reads past the map, whose pages would count as this process's memory. ``progress`` is told
        the bytes read so far and those in all.
        """
        start, end = self._pages.start, min(self._pages.end, len(self._map))
        with open(self.path, "rb", buffering=0) as file:
            file.seek(start)
            for chunk_start in range(start, end, _CHUNK):
                chunk = file.read(min(_CHUNK, end - chunk_start))
                at = chunk.find(needle)
                while at >= 0:
                    frame = self._pages.frame(chunk_start + at)
                    yield frame * PAGE + (chunk_start + at - start) % PAGE
                    at = chunk.find(needle, at + 1)
                progress(chunk_start + len(chunk) - start, end - start)

    def word(self, address: int, size: int) -> int | None:
        """The ``size`` byte word at a physical address, which must not cross a page."""
        offset = self._pages.offset(address >> 12)
        if offset is None:
            return None
        offset += address & (PAGE - 1)
        data = self._map[offset : offset + size]
        return int.from_bytes(data, "little") if len(data) == size else None

    def _read_header(self, shape: Shape) -> DumpHeader:
        def field(name: str, index: int = 0) -> int:
            offset, size = shape.fields[name]
            start = offset + index * size
            return int.from_bytes(self._map[start : start + size], "little")

        architecture = architecture_of_machine(field("machine"))
        if architecture is None:
            raise UnsupportedTarget(
                f"{self.path}: machine type {field('machine'):#x} is none of x64, x86, ARM64"
            )
        _refuse_type(field("type"), self.path)
        return DumpHeader(
            architecture=architecture.name,
            dump_type=field("type"),
            build=field("build"),
            directory_table=field("directory_table"),
            pae=bool(field("pae")) if "pae" in shape.fields else True,
            module_list=field("module_list"),
            debugger_data=field("debugger_data"),
            bug_check=BugCheck(
                field("bug_check"), tuple(field("parameters", each) for each in range(4))
            ),
        )

    def _read_pages(self, shape: Shape) -> _Pages:
        if self.header.dump_type in _WITH_RUNS:
            return _Runs(_read_runs(self._map, shape, self.path))
        is_old = self.header.dump_type == _KERNEL
        return _Bitmap(self._map, shape.header_size, is_old, self.path)

    def _read_small(self, shape: Shape) -> None:
        data = self.header.debugger_data
        from .small_dump import read_small_dump  # noqa: PLC0415 - 3 ms, seldom needed

        self.small, self._blocks = read_small_dump(
            self._map,
            shape.header_size,
            ARCHITECTURES[self.header.architecture],
            data,
            self.problems,
        )
        if not self.small.loaded and not self.small.memory:
            raise TargetError(
                f"{self.path}: nothing of this small memory dump can be read: "
                f"{'; '.join(self.problems)}"
            )

    def _note_truncation(self) -> None:
        if len(self._map) < self._pages.end:
            self.problems.append(
                f"the dump is truncated: {len(self._map):#x} of {self._pages.end:#x} bytes are "
                "there, what lies beyond reads as not present"
            )


class _Pages:
    """Physical page numbers to file offsets; a small dump has none."""

    start: int = 0  # the file offset of the first page
    end: int = 0  # and behind the last

    def offset(self, frame: int) -> int | None:  # noqa: ARG002 - there are no pages
        """Where the page ``frame`` lies, None when the dump has not got it."""
        return None

    def frame(self, offset: int) -> int:
        """Which page lies at a file offset from ``start`` to ``end``."""
        raise NotImplementedError


class _Runs(_Pages):
    """Type 1: runs of consecutive pages, one behind the other in the file."""

    def __init__(self, runs: list[tuple[int, int, int]]) -> None:
        self._runs = sorted(runs)
        self._starts = [base for base, _, _ in self._runs]
        self._in_file = sorted((offset, base) for base, _, offset in runs)
        self.start = self._in_file[0][0]
        self.end = max(offset + count * PAGE for _, count, offset in runs)

    def frame(self, offset: int) -> int:
        index = bisect_right(self._in_file, (offset, 1 << 64)) - 1
        start, base = self._in_file[index]
        return base + (offset - start) // PAGE

    def offset(self, frame: int) -> int | None:
        index = bisect_right(self._starts, frame) - 1
        if index < 0:
            return None
        base, count, offset = self._runs[index]
        return offset + (frame - base) * PAGE if frame < base + count else None


class _BitmapHeader(NamedTuple):
    """What stands before the bits; offsets from its start, ``word`` is the size of the fields."""

    first_page: int
    present: int
    bits: int
    word: int
    bitmap: dict[int, int]  # by the size of the dump's header

    def read(self, data: mmap.mmap, header: int) -> tuple[int, int, int, int]:
        """The first page's file offset, pages present, bits, and the bitmap's file offset."""

        def field(offset: int) -> int:
            start = header + offset
            return int.from_bytes(data[start : start + self.word], "little")

        bitmap = header + self.bitmap[header]
        return field(self.first_page), field(self.present), field(self.bits), bitmap


# BMP_HEADER64 (Windows 8 on, kdmp-parser-structs.h), and SUMMARY_DUMP32 and 64 of the kernel dumps
# before (can1357/selene, from the WDK). The bits of a SUMMARY_DUMP32 begin where the other has the
# first page's offset, so it comes first for those.
_BMP_HEADER = _BitmapHeader(0x20, 0x28, 0x30, 8, {0x2000: 0x38, 0x1000: 0x38})
_SUMMARY_HEADER = _BitmapHeader(0x0C, 0x14, 0x18, 4, {0x2000: 0x28, 0x1000: 0x20})


class _Bitmap(_Pages):
    """Types 2, 5, 6, 7: a bit for every physical page; the set ones follow in order.

    The rank of a bit is a running count over blocks of the bitmap, made as far as it is needed.
    """

    _BLOCK = 0x200  # bytes of bitmap: 4096 pages

    def __init__(self, data: mmap.mmap, header: int, is_old: bool, path: str) -> None:
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

    def frame(self, offset: int) -> int:
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
        value = int.from_bytes(self._data[start : start + (bits + 7) // 8], "little")
        return bin(value & ((1 << bits) - 1)).count("1")


def _map_file(path: str) -> mmap.mmap:
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            if not file.tell():
                raise TargetError(f"{path}: the file is empty")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise TargetError(f"{path}: cannot be opened: {error.strerror or error}") from None


def _shape_of(data: mmap.mmap, path: str) -> Shape:
    magic = data[:8]
    if magic[:4] == b"MDMP":
        raise TargetError(
            f"{path} is a user-mode minidump; registry callbacks live in the kernel: take a "
            "kernel, automatic or complete memory dump (MEMORY.DMP)"
        )
    shape = _SHAPES.get(magic)
    if shape is None:
        raise TargetError(
            f"{path} is not a Windows crash dump: it starts with {magic!r}, "
            "not PAGEDU64 or PAGEDUMP"
        )
    if len(data) < shape.header_size:
        raise TargetError(
            f"{path}: the dump is cut off in its header ({len(data):#x} of {shape.header_size:#x} "
            "bytes)"
        )
    return shape


def _refuse_type(dump_type: int, path: str) -> None:
    if dump_type == _HEADER:
        raise TargetError(
            f"{path} is the header of a dump alone (type {dump_type}): take a kernel, automatic or "
            "complete memory dump"
        )
    if dump_type not in _WITH_RUNS | _WITH_BITMAP | {_TRIAGE}:
        raise UnsupportedTarget(f"{path}: unknown dump type {dump_type:#x}")


def _read_runs(data: mmap.mmap, shape: Shape, path: str) -> list[tuple[int, int, int]]:
    """PHYSICAL_MEMORY_DESCRIPTOR: as (first page number, page count, file offset)."""

    def word(offset: int) -> int:
        return int.from_bytes(data[offset : offset + shape.word], "little")

    count = int.from_bytes(data[shape.runs : shape.runs + 4], "little")
    first = shape.runs + 2 * shape.word
    room = (shape.context - first) // (2 * shape.word)
    if not 0 < count <= room:
        raise TargetError(
            f"{path}: the header's physical memory runs are damaged ({count:#x} of them, room for "
            f"{room})"
        )
    runs = []
    offset = shape.header_size
    for entry in range(first, first + count * 2 * shape.word, 2 * shape.word):
        base, pages = word(entry), word(entry + shape.word)
        runs.append((base, pages, offset))
        offset += pages * PAGE
    return runs
