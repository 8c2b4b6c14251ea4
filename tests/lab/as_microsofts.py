"""What other tools look for in a Windows before they believe in it, and the lab has not got.

Not in all of its machines, since another header or process makes every sample another one. By the
code of ntoseye 0.52, MemProcFS 5.19 (vmmwininit.c, vmmwin.c), volatility3 2.28
(automagic/windows.py) and Kdrill; that Windows is so is theirs to know.
"""

from __future__ import annotations

import struct

from .physical_memory import PAGE
from .processes import Processes, ProcessRow, write_process
from .world import World

__all__ = ["as_microsofts"]

_SESSION_MANAGER = ProcessRow("smss.exe", 0x150, 4, ())
_OTHERS = [ProcessRow("svchost.exe", 0x400 + 4 * number, 0x2AC, ()) for number in range(12)]

_PEB = 0x0000_0001_0000_0000
_PEB_VERSION = 0x118  # OSMajorVersion, OSMinorVersion, OSBuildNumber
_LAST = 0xFFFF_FFFF_FFD0_0000  # the HAL's
_MANY = range(0xFFFF_F900_0000_0000, 0xFFFF_FC00_0000_0000, 1 << 39)  # a top entry for each
_START_BLOCK = 0x13  # frame
_POINTER, _TABLE = 0x1, 0x63  # the bits of PAE's entries
_FOR_USERS = 0x4  # an entry's bit
_TOP_FOR_USERS = 0x844  # dirty, for users, and a bit of software's


def as_microsofts(world: World, processes: Processes) -> None:
    """For :func:`make_dump`'s ``also``. Raises ValueError for ARM64."""
    if world.profile.architecture == "arm64":
        raise ValueError(f"{world.profile.name}: nobody looks for what is Microsoft's in it")
    if world.profile.architecture == "x86":
        _lay_directories_together(world, processes.processes)
        return
    _name_sections(world)
    for address in (*_MANY, _LAST):
        world.space.map(address, PAGE)
    _write_peb(world)
    _write_start_block(world)
    if world.offsets.has("_EPROCESS", "SeAuditProcessCreationInfo"):
        _add_processes(world, processes.processes)


def _lay_directories_together(world: World, processes: list[int]) -> None:
    """PAE's four page directories behind their pointers, the last of which maps all four."""
    memory, tables = world.space.memory, world.space.tables
    old, first = tables.directory >> 12, max(memory.frames) + 1
    numbers = range(first + 1, first + 5)
    for index, number in enumerate(numbers):
        entry = memory.read_word(old, 8 * index, 8)
        memory.frames[number] = memory.frames.pop(entry >> 12) if entry else bytearray(PAGE)
    memory.frames[first] = memory.frames.pop(old)
    for index, number in enumerate(numbers):
        memory.write_word(first, 8 * index, 8, number << 12 | _POINTER)
        memory.write_word(numbers[3], 8 * index, 8, number << 12 | _TABLE)
    tables.directory = first << 12
    for process in processes:
        world.fill(process, "_KPROCESS", DirectoryTableBase=tables.directory)


def _add_processes(world: World, processes: list[int]) -> None:
    """An smss.exe with a PEB behind System, and more."""
    system = processes[0]
    handles = world.nonpaged.allocate(0x80, b"Obtb")
    world.fill(system, "_EPROCESS", ObjectTable=handles, VadRoot=handles)
    added = [write_process(world, row) for row in (_SESSION_MANAGER, *_OTHERS)]
    for process in added:
        world.fill(process, "_EPROCESS", Peb=_PEB, VadRoot=handles)
    after = [system, *added, *processes[1:]]
    _end_paths(world, after)
    links = [world.field(each, "_EPROCESS", "ActiveProcessLinks") for each in after]
    world.space.link(world.nt("PsActiveProcessHead"), links)


def _name_sections(world: World) -> None:
    """A DOS header as Microsoft's linker writes it, and a section that kernels have."""
    base = world.kernel.base
    world.space.write(base + 2, b"\x90\0")
    at = world.space.read(base, PAGE).index(b"INITKDBG")
    world.space.write(base + at, b"POOLCODE")


def _write_peb(world: World) -> None:
    world.space.map(_PEB, PAGE)
    major, minor = world.profile.version
    for offset, value in enumerate((major, minor, world.profile.build)):
        world.space.write_unsigned(_PEB + _PEB_VERSION + 4 * offset, 4, value)
    memory, tables = world.space.memory, world.space.tables
    table, bits = tables.directory >> 12, _TOP_FOR_USERS
    for shift, count in tables.indexes:
        at = 8 * (_PEB >> shift & (1 << count) - 1)
        entry = memory.read_word(table, at, 8)
        memory.write_word(table, at, 8, entry | bits)
        table, bits = entry >> 12 & 0xF_FFFF_FFFF, _FOR_USERS


def _write_start_block(world: World) -> None:
    """PROCESSOR_START_BLOCK, in memory that the boot loader leaves to it."""
    page = bytearray(PAGE)
    struct.pack_into("<Q", page, 0, 0x1_0006_00E9)
    struct.pack_into("<Q", page, 0x70, world.nt("CmUnRegisterCallback") & -4)
    struct.pack_into("<Q", page, 0xA0, world.space.tables.directory)
    world.space.memory.frames[_START_BLOCK] = page


def _end_paths(world: World, processes: list[int]) -> None:
    """An image's path ends with a zero that its maximum length counts."""
    for process in processes:
        name = world.space.pointer(world.field(process, "_EPROCESS", "SeAuditProcessCreationInfo"))
        length = world.space.unsigned(name, 2)
        world.space.write_unsigned(name + 2, 2, length + 2)
