"""Processes and threads: the lists that lead from PsActiveProcessHead to every ETHREAD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .world import BOOT_TIME, World

__all__ = ["PROCESSES", "ProcessRow", "Processes", "let_wait", "write_process", "write_processes"]

_PROCESS_OBJECT, _THREAD_OBJECT = 3, 6  # KOBJECTS, DISPATCHER_HEADER.Type
_STILL_ACTIVE = 0x103  # STATUS_PENDING
_RUNNING = 2  # KTHREAD_STATE
_USER_MODE = 1  # KPROCESSOR_MODE
_SYSTEM = 4  # process id
_OF_THE_USER = (0x1A3C,)
_LOCAL_SYSTEM = bytes.fromhex("010100000000000512000000")  # S-1-5-18
_USER = bytes.fromhex("010500000000000515000000010000000200000003000000e9030000")


class ProcessRow(NamedTuple):
    """A process to write; ids as Windows gives them, multiples of 4."""

    name: str
    id: int
    parent: int
    threads: tuple[int, ...]


PROCESSES = (
    ProcessRow("System", 4, 0, (8, 0x44)),
    ProcessRow("services.exe", 0x2AC, 4, (0x2B0,)),
    ProcessRow("regedit.exe", 0x1A3C, 4, (0x1A40,)),
)


class Processes(NamedTuple):
    """VAs of EPROCESSes and ETHREADs in list order, and the running thread's stack pointer."""

    processes: list[int]
    threads: list[int]
    stack_pointer: int


def write_processes(world: World, rows: Sequence[ProcessRow] = PROCESSES) -> Processes:
    """Writes and links them all; the first thread of the first is the one that runs."""
    processes, threads = [], []
    stack = _map_stack(world)
    for row in rows:
        process = write_process(world, row)
        own = [_write_thread(world, process, row.id, each, stack) for each in row.threads]
        _link_threads(world, process, own)
        processes.append(process)
        threads += own
    links = [world.field(each, "_EPROCESS", "ActiveProcessLinks") for each in processes]
    world.space.link(world.nt("PsActiveProcessHead"), links)
    world.set_pointer("PsInitialSystemProcess", processes[0])
    return Processes(processes, threads, stack.pointer)


def _link_threads(world: World, process: int, threads: list[int]) -> None:
    """The kernel keeps two lists of a process's threads; we write those whose offsets we know."""
    for type_name, thread_type in (("_KPROCESS", "_KTHREAD"), ("_EPROCESS", "_ETHREAD")):
        head, entry = (type_name, "ThreadListHead"), (thread_type, "ThreadListEntry")
        if world.offsets.has(*head) and world.offsets.has(*entry):
            links = [world.field(thread, *entry) for thread in threads]
            world.space.link(world.field(process, *head), links)


def let_wait(world: World, thread: int, function: str) -> None:
    """Gives a thread a stack of its own, on which nt's ``function`` has called another."""
    limit = world.profile.kernel_stack + 0x10000
    base = limit + 0x3000
    pointer = base - 0x500
    world.space.map(base - 0x1000, 0x1000)
    world.space.write_pointer(base - 0x480, _behind_a_call(world, world.nt(function)))
    world.fill(
        thread,
        "_KTHREAD",
        InitialStack=base - 0x370,
        StackLimit=limit,
        StackBase=base,
        KernelStack=pointer,
    )


def _behind_a_call(world: World, function: int) -> int:
    """The first return address in a function: behind call rel32, or bl, of another of the kernel's
    functions."""
    functions = set(world.kernel.symbols.values())
    if world.profile.architecture == "arm64":
        for place in range(function, function + 0x400, 4):
            word = world.space.unsigned(place, 4)
            distance = ((word & 0x03FF_FFFF) ^ 0x0200_0000) - 0x0200_0000
            if word >> 26 == 0b100101 and place + 4 * distance in functions:
                return place + 4
    for place in range(function, function + 0x400):
        if world.space.unsigned(place, 1) == 0xE8:
            distance = (world.space.unsigned(place + 1, 4) ^ 0x8000_0000) - 0x8000_0000
            if place + 5 + distance in functions:
                return place + 5
    raise ValueError(f"the function at {function:#x} calls none")


class _Stack(NamedTuple):
    """A kernel stack; only its upper page was ever touched."""

    limit: int
    base: int
    pointer: int


def _map_stack(world: World) -> _Stack:
    limit = world.profile.kernel_stack
    base = limit + (0x6000 if world.profile.pointer_size == 8 else 0x3000)
    pointer = base - 0x900
    world.space.map(base - 0x1000, 0x1000)
    # Where KeBugCheckEx returns to.
    world.space.write_pointer(pointer, world.nt("PspSystemThreadStartup") + 0x1A)
    return _Stack(limit, base, pointer)


def write_process(world: World, row: ProcessRow) -> int:
    """An EPROCESS without threads, in no list; its VA."""
    process = world.nonpaged.allocate(world.offsets.size("_EPROCESS"), b"Proc")
    world.space.write(process, bytes([_PROCESS_OBJECT]))
    world.fill(process, "_KPROCESS", DirectoryTableBase=world.space.tables.directory)
    world.fill(
        process,
        "_EPROCESS",
        UniqueProcessId=row.id,
        InheritedFromUniqueProcessId=row.parent,
        CreateTime=BOOT_TIME + row.id * 10_000_000,
        ImageFileName=row.name.encode(),
        ActiveThreads=len(row.threads),
        ExitStatus=_STILL_ACTIVE,
    )
    _write_identity(world, process, row.name, row.id)
    return process


def _write_identity(world: World, process: int, name: str, process_id: int) -> None:
    """Its image's path and its token, on the builds whose offsets we know."""
    if not world.offsets.has("_EPROCESS", "SeAuditProcessCreationInfo"):
        return
    path = f"\\Device\\HarddiskVolume3\\Windows\\{name}".encode("utf-16-le")
    name_information = world.nonpaged.allocate(16 + len(path), b"SeIf")
    world.space.write_unsigned(name_information, 2, len(path))
    world.space.write_unsigned(name_information + 2, 2, len(path))
    world.space.write_pointer(name_information + 8, name_information + 16)
    world.space.write(name_information + 16, path)
    place = world.field(process, "_EPROCESS", "SeAuditProcessCreationInfo")
    world.space.write_pointer(place, name_information)
    sid = _USER if process_id in _OF_THE_USER else _LOCAL_SYSTEM
    groups = world.nonpaged.allocate(16 + len(sid), b"Toke")
    world.space.write_pointer(groups, groups + 16)
    world.space.write(groups + 16, sid)
    token = world.nonpaged.allocate(world.offsets.size("_TOKEN"), b"Toke")
    world.fill(token, "_TOKEN", SessionId=int(process_id in _OF_THE_USER), UserAndGroups=groups)
    # EX_FAST_REF: a count in the low bits.
    world.space.write_pointer(world.field(process, "_EPROCESS", "Token"), token | 0xF)


def _write_thread(
    world: World, process: int, process_id: int, thread_id: int, stack: _Stack
) -> int:
    thread = world.nonpaged.allocate(world.offsets.size("_ETHREAD"), b"Thre")
    pointer = world.profile.pointer_size
    world.space.write(thread, bytes([_THREAD_OBJECT]))
    world.fill(
        thread,
        "_KTHREAD",
        InitialStack=stack.base - 0x370,
        StackLimit=stack.limit,
        StackBase=stack.base,
        KernelStack=stack.pointer,
        Process=process,
        State=_RUNNING,
        PreviousMode=_USER_MODE if process_id != _SYSTEM else 0,
    )
    if world.offsets.has("_KTHREAD", "ApcState"):
        # KAPC_STATE: two list heads, then the process.
        apc_state = world.field(thread, "_KTHREAD", "ApcState")
        world.space.write_pointer(apc_state + 4 * pointer, process)
    world.fill(
        thread,
        "_ETHREAD",
        CreateTime=BOOT_TIME + thread_id * 10_000_000,
        StartAddress=world.nt("PspSystemThreadStartup"),
    )
    if world.offsets.has("_ETHREAD", "Cid"):
        # CLIENT_ID: UniqueProcess, UniqueThread.
        client_id = world.field(thread, "_ETHREAD", "Cid")
        world.space.write_pointer(client_id, process_id)
        world.space.write_pointer(client_id + pointer, thread_id)
    if world.offsets.has("_ETHREAD", "IrpList"):
        world.space.link(world.field(thread, "_ETHREAD", "IrpList"), [])
    return thread
