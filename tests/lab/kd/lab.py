"""A live lab: a kernel whose code runs, drivers registered in it, threads with work."""

from __future__ import annotations

from typing import NamedTuple

from unicorn import Uc

from ..build import Build, build
from ..debugger_data import write_debugger_data
from ..loaded_modules import write_loaded_modules, write_unloaded_drivers
from ..processes import PROCESSES, Processes, ProcessRow, write_processes
from ..processor import Processor as Registers
from ..processor import write_processor
from ..profiles import PROFILES
from ..registrations import KERNEL
from ..shared_data import write_shared_data
from ..world import BOOT_TIME, World
from .machine import Machine, Raised
from .memory import GuestMemory
from .script import Operation, Script, Work
from .truth import RegisteredCallback, registered_callbacks
from .work import WorkWriter

__all__ = ["LiveLab", "build_live_lab"]

PROFILE = PROFILES["x64-19041"]
_KERNEL_POOL = 0x40000  # what the running kernel allocates from
_STACK = 0x6000
_STACK_STRIDE = 0x10000
_USER_MODE = 1
_IDLE_THREADS = (0x44, 0x48)


class LiveLab(NamedTuple):
    """A machine that has booted, and what is in it."""

    machine: Machine
    world: World
    symbols: str  # the folder with the PDBs
    version: bytes  # DBGKD_GET_VERSION64
    registers: Registers
    operations: list[list[int]]  # of every thread of the script: VAs of OPERATIONs
    callbacks: list[RegisteredCallback]


def build_live_lab(script: Script) -> LiveLab:
    """Boots a kernel with the script's drivers; its threads are ready and have not run.

    Raises ToolFailed, and RuntimeError when the kernel does not come up.
    """
    built = build(PROFILE, runs=True)
    world = World(PROFILE, built, [], runs=True)
    modules = dict(zip(world.images, write_loaded_modules(world)))
    world.space.link(world.nt("PsLoadedModuleList"), [modules[KERNEL]])
    write_unloaded_drivers(world)
    processes = write_processes(world, _process_rows(script))
    registers = write_processor(world, processes)
    write_debugger_data(world, registers)
    version = _write_version_list(world)
    write_shared_data(world)
    _give_pool(world)
    world.space.write_unsigned(world.nt("CmpCallbackCookie"), 8, BOOT_TIME)  # CmpInitCallbacks
    return _boot(_Parts(script, built, world, modules, processes, registers, version))


class _Parts(NamedTuple):
    """Everything that is built before the machine is."""

    script: Script
    built: Build
    world: World
    modules: dict[str, int]
    processes: Processes
    registers: Registers
    version: bytes


def _process_rows(script: Script) -> list[ProcessRow]:
    """Those of every dump, and the script's."""
    rows = {row.id: row for row in PROCESSES}
    rows[4] = rows[4]._replace(threads=(8, *_IDLE_THREADS))
    for work in script.work:
        row = rows.setdefault(work.process_id, ProcessRow(work.process, work.process_id, 4, ()))
        threads = dict.fromkeys((*row.threads, work.thread_id))
        rows[work.process_id] = row._replace(threads=tuple(threads))
    return list(rows.values())


def _give_pool(world: World) -> None:
    """Pages behind our own paged pool for the kernel's allocations."""
    start = PROFILE.paged_pool + 0x1000000
    world.space.map(start, _KERNEL_POOL)
    world.set_pointer("MmPagedPoolStart", start)
    world.set_pointer("MmPagedPoolEnd", start + _KERNEL_POOL)


def _write_version_list(world: World) -> bytes:
    """DBGKD_GET_VERSION64 with a list head of its own, as a live kernel has one."""
    block = world.nt("KdDebuggerDataBlock")
    head = world.nonpaged.allocate(0x10, b"KdDl")
    world.space.link(head, [block])
    version = world.nt("KdVersionBlock")
    world.space.write_pointer(version + 0x20, head)
    return world.space.read(version, 0x28)


class _Stacks:
    """A kernel stack for every thread."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._next = PROFILE.kernel_stack + _STACK_STRIDE

    def give(self, thread: int) -> int:
        """The upper end of a new stack, which the ETHREAD ``thread`` knows of."""
        limit, self._next = self._next, self._next + _STACK_STRIDE
        base = limit + _STACK
        self._world.space.map(limit, _STACK)
        self._world.fill(
            thread, "_KTHREAD", InitialStack=base, StackLimit=limit, StackBase=base,
            KernelStack=base - 0x28,
        )  # fmt: skip
        return base


def _boot(parts: _Parts) -> LiveLab:
    """Writes the work, makes the machine, and lets the system thread load the drivers."""
    script, world = parts.script, parts.world
    threads = _threads_by_id(world, parts.processes)
    stacks = _Stacks(world)
    writer = WorkWriter(world, parts.modules)
    load = tuple(Operation("load-driver", name=name) for name in script.drivers)
    boot = writer.write(Work("System", 4, 8, load, rounds=1)).address
    plans = []
    for work in script.work:
        thread = threads[work.thread_id]
        if work.user_mode:
            world.fill(thread, "_KTHREAD", PreviousMode=_USER_MODE)
        plans.append((work.processor, thread, writer.write(work), stacks.give(thread)))
    tops = {each: stacks.give(threads[each]) for each in (8, *_IDLE_THREADS)}
    machine = _machine(world)
    start = world.nt("PspUserThreadStartup")
    for number in range(script.processors):
        idle = _IDLE_THREADS[number]
        pcr = world.nt("KiInitialPCR")
        machine.add_processor(pcr, threads[idle], world.nt("KiIdleLoop"), tops[idle])
    first = machine.processors[0]
    machine.add_thread(first, threads[8], start, boot, tops[8])
    _run_until_idle(machine)
    for number, thread, written, top in plans:
        machine.add_thread(machine.processors[number], thread, start, written.address, top)
    operations = [written.operations for _, _, written, _ in plans]
    symbols = str(parts.built.symbols)
    callbacks = registered_callbacks(world, script)
    return LiveLab(machine, world, symbols, parts.version, parts.registers, operations, callbacks)


def _threads_by_id(world: World, processes: Processes) -> dict[int, int]:
    client = world.offsets.field("_ETHREAD", "Cid") + 8
    return {world.space.pointer(each + client): each for each in processes.threads}


def _machine(world: World) -> Machine:
    directory = world.space.tables.directory
    emulator: Uc = Machine.emulator(directory)
    memory = GuestMemory(emulator, world.space.memory, directory)
    return Machine(emulator, memory, world.offsets.field("_KTHREAD", "State"))


def _run_until_idle(machine: Machine) -> None:
    while not machine.is_idle:
        event = machine.run()
        if isinstance(event, Raised):
            raise RuntimeError(
                f"the lab's kernel raised {event.code:#x} at {event.address:#x} {event.parameters}"
            )
