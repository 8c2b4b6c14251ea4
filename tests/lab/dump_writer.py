"""Writing a crash dump: header, page bitmap or runs, pages.

Header offsets: kdmp-parser-structs.h (HEADER64, BMP_HEADER64, RDMP_HEADER64), volatility3's
crash.json and crash64.json.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .physical_memory import PAGE
from .processor import Processor
from .running import Running
from .small_dump import write_small_body
from .world import BOOT_TIME, DUMP_TIME, World

__all__ = ["BITMAP_TYPES", "DUMP_TYPES", "RANGE_TYPES", "SMALL", "write_dump"]

_FULL, _KERNEL, SMALL, _BITMAP_FULL, _BITMAP_KERNEL = 1, 2, 4, 5, 6
_COMPLETE_RANGES = 0xA
RANGE_TYPES = (8, 9, _COMPLETE_RANGES)
BITMAP_TYPES = (_KERNEL, _BITMAP_FULL, _BITMAP_KERNEL)
DUMP_TYPES = (_FULL, SMALL, *BITMAP_TYPES, *RANGE_TYPES)
_SIGNATURES = {_KERNEL: b"SDMPDUMP", _BITMAP_FULL: b"FDMPDUMP", _BITMAP_KERNEL: b"SDMPDUMP"}

_STATUS_BREAKPOINT = 0x80000003
_COMMENT = b"regcb lab"


class _Header(NamedTuple):
    """DUMP_HEADER32 or DUMP_HEADER64: its size, and offsets of what we fill in."""

    size: int
    signature: bytes
    word: int
    minor_version: int
    directory: int
    modules: int
    processes: int
    machine: int  # then NumberProcessors, BugCheckCode
    parameters: int
    debugger_data: int
    runs: int
    runs_size: int
    context: int
    context_size: int
    exception: int
    exception_size: int
    dump_type: int
    required_space: int
    system_time: int
    system_up_time: int
    comment: int
    secondary_state: int


_HEADER64 = _Header(
    size=0x2000, signature=b"PAGEDU64", word=8, minor_version=0xC, directory=0x10, modules=0x20,
    processes=0x28, machine=0x30, parameters=0x40, debugger_data=0x80, runs=0x88, runs_size=700,
    context=0x348, context_size=3000, exception=0xF00, exception_size=0x98, dump_type=0xF98,
    required_space=0xFA0, system_time=0xFA8, system_up_time=0x1030, comment=0xFB0,
    secondary_state=0x104D,
)  # fmt: skip
_HEADER32 = _Header(
    size=0x1000, signature=b"PAGEDUMP", word=4, minor_version=0xC, directory=0x10, modules=0x18,
    processes=0x1C, machine=0x20, parameters=0x2C, debugger_data=0x60, runs=0x64, runs_size=700,
    context=0x320, context_size=1200, exception=0x7D0, exception_size=0x50, dump_type=0xF88,
    required_space=0xFA0, system_time=0xFC0, system_up_time=0xFB8, comment=0x820,
    secondary_state=0xFAF,
)  # fmt: skip
_PAE_ENABLED_32 = 0x5C
_BITMAP_HEADER = 0x38  # BMP_HEADER64 before its bits
# SUMMARY_DUMP32 and 64 before their bits: Signature, ValidDump, DumpOptions, HeaderSize,
# BitmapSize, Pages, SizeOfBitMap, and room for a pointer (can1357/selene, summary_dump64_t.hpp,
# from the WDK; that the 32-bit one is the same with narrower alignment was tried in dbgeng).
_SUMMARY_HEADERS = {4: 0x20, 8: 0x28}
_MAJOR_VERSION = 0xF  # a free build


def write_dump(
    path: Path, world: World, processor: Processor, running: Running, dump_type: int
) -> None:
    """Writes the dump; ``dump_type`` is one of DUMP_TYPES. Memory never allocated stays a hole."""
    layout = _HEADER64 if world.profile.pointer_size == 8 else _HEADER32
    if dump_type == SMALL:
        header = _header(layout, world, processor, dump_type, 0)
        places = (layout.context, layout.exception)
        write_small_body(path, header, *places, world, processor, running)
        return
    runs = world.space.memory.runs()
    where = b""
    if dump_type in BITMAP_TYPES:
        where = _bitmap(layout, runs, dump_type)
    elif dump_type in RANGE_TYPES:
        where = _ranges(layout, runs, dump_type)
    first_page = layout.size + len(where)
    total = first_page + sum(count for _, count in runs) * PAGE
    with path.open("wb") as file:
        file.write(_header(layout, world, processor, dump_type, total))
        file.write(where)
        _write_frames(file, world, first_page)
        file.truncate(total)


def _write_frames(file: BinaryIO, world: World, first_page: int) -> None:
    frames = world.space.memory.frames
    numbers = iter(sorted(frames))
    frame = next(numbers, None)
    for start, count in world.space.memory.runs():
        while frame is not None and frame < start + count:
            file.seek(first_page + (frame - start) * PAGE)
            file.write(frames[frame])
            frame = next(numbers, None)
        first_page += count * PAGE


def _header(
    layout: _Header, world: World, processor: Processor, dump_type: int, total: int
) -> bytes:
    header = bytearray(b"PAGE" * (layout.size // 4))  # Windows fills what it does not use so

    def put(offset: int, size: int, value: int) -> None:
        header[offset : offset + size] = value.to_bytes(size, "little")

    def clear(offset: int, size: int, content: bytes = b"") -> None:
        header[offset : offset + size] = content.ljust(size, b"\0")

    word = layout.word
    header[:8] = layout.signature
    put(8, 4, _MAJOR_VERSION)
    put(layout.minor_version, 4, world.profile.build)
    put(layout.directory, word, world.space.tables.directory)
    put(layout.directory + word, word, 0)  # PfnDataBase
    put(layout.modules, word, world.nt("PsLoadedModuleList"))
    put(layout.processes, word, world.nt("PsActiveProcessHead"))
    put(layout.machine, 4, world.profile.machine)
    put(layout.machine + 4, 4, 1)
    code, *parameters = world.bug_check
    put(layout.machine + 8, 4, code)
    clear(layout.parameters, layout.debugger_data - layout.parameters)
    for index, parameter in enumerate(parameters):
        put(layout.parameters + index * word, word, parameter)
    if word == 4:
        put(_PAE_ENABLED_32, 1, 0 if world.profile.is_without_pae else 1)
    put(layout.debugger_data, word, world.nt("KdDebuggerDataBlock"))
    clear(layout.runs, layout.runs_size, _runs(layout, world))
    registers = processor.context + (processor.special_registers if word == 8 else b"")
    clear(layout.context, layout.context_size, registers)
    clear(layout.exception, layout.exception_size, _exception(layout, processor))
    put(layout.dump_type, 4, dump_type)
    put(layout.required_space, 8, total)
    put(layout.system_time, 8, DUMP_TIME)
    put(layout.system_up_time, 8, DUMP_TIME - BOOT_TIME)
    clear(layout.comment, 128, _COMMENT)
    put(layout.secondary_state, 1, 2)
    return bytes(header)


def _runs(layout: _Header, world: World) -> bytes:
    """PHYSICAL_MEMORY_DESCRIPTOR."""
    runs = world.space.memory.runs()
    word = "Q" if layout.word == 8 else "I"
    head = struct.pack(f"<I{'4x' if word == 'Q' else ''}{word}", len(runs), sum(n for _, n in runs))
    return head + b"".join(struct.pack(f"<2{word}", *run) for run in runs)


def _exception(layout: _Header, processor: Processor) -> bytes:
    """EXCEPTION_RECORD: ExceptionCode, ExceptionFlags, ExceptionRecord, ExceptionAddress."""
    word = "Q" if layout.word == 8 else "I"
    return struct.pack(f"<II2{word}I", _STATUS_BREAKPOINT, 1, 0, processor.program_counter, 0)


def _bitmap(layout: _Header, runs: list[tuple[int, int]], dump_type: int) -> bytes:
    """The page bitmap with its own header, up to the first page."""
    bits = (sum(runs[-1]) + 63) & ~63
    bitmap = sum(((1 << count) - 1) << start for start, count in runs).to_bytes(bits // 8, "little")
    pages = sum(count for _, count in runs)
    head_size = _SUMMARY_HEADERS[layout.word] if dump_type == _KERNEL else _BITMAP_HEADER
    first_page = -(-(layout.size + head_size + len(bitmap)) // PAGE) * PAGE
    head = bytearray(head_size)
    head[:8] = _SIGNATURES[dump_type]
    if dump_type == _KERNEL:
        struct.pack_into("<5I", head, 8, 0, first_page, bits, pages, bits)
    else:
        struct.pack_into("<3Q", head, 0x20, first_page, pages, bits)
    return bytes(head + bitmap).ljust(first_page - layout.size, b"\0")


def _ranges(layout: _Header, runs: list[tuple[int, int]], dump_type: int) -> bytes:
    """The page ranges with their own header, up to the first page. Those of a complete dump are as
    many as its header counts; the others end with page 0, and we leave room for more."""
    pages = sum(count for _, count in runs)
    ranges = b"".join(struct.pack("<2Q", *run) for run in runs)
    own = struct.pack("<IHHQ", len(runs), 0, 0, pages)  # FULL_RDMP_HEADER64
    if dump_type != _COMPLETE_RANGES:
        ranges += bytes(16 * 8)
        own = bytes(16)  # of KERNEL_RDMP_HEADER64 nobody has told what they are
    body = own + ranges
    first_page = layout.size + 0x20 + len(body)
    return struct.pack("<I4s4s4xQQ", 0x40, b"RDMP", b"DUMP", len(body), first_page) + body
