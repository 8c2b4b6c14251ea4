"""A live lab: a kernel whose code runs, drivers registered in it, threads with work."""

from __future__ import annotations

from typing import NamedTuple

from ..build import build
from ..debugger_data import write_debugger_data
from ..kernel_types import kernel_offsets
from ..loaded_modules import image_path, write_loaded_modules, write_unloaded_drivers
from ..processes import PROCESSES, Processes, ProcessRow, write_processes
from ..processor import add_processor, write_processor
from ..profiles import PROFILES, Profile
from ..real_kernel import HOST, RealKernel
from ..registrations import KERNEL
from ..running import in_bugcheck
from ..shared_data import write_shared_data
from ..world import BOOT_TIME, World
from .architectures import ARCHITECTURES
from .balance import kernel_pool
from .emulator import new_emulator
from .events import Raised, Symbols
from .machine import Machine
from .memory import GuestMemory
from .script import Operation, Script, Work
from .truth import RegisteredCallback, registered_callbacks
from .user_stack import give_user_stack
from .work import WorkWriter

__all__ = ["DEFAULT_PROFILE", "LiveLab", "ThreadOperations", "build_live_lab"]

DEFAULT_PROFILE = PROFILES["x64-19041"]
_KERNEL_POOL = 0x40000  # bytes that the running kernel allocates from
_STACK = 0x6000
_STACK_STRIDE = 0x10000
_SYSTEM, _BOOT_THREAD = 4, 8  # ids
_IDLE_THREADS = (0x44, 0x48)


class ThreadOperations(NamedTuple):
    """What a thread of the script does: kinds, and VAs of OPERATIONs."""

    kinds: list[str]
    addresses: list[int]


class LiveLab(NamedTuple):
    """A machine that has booted, and what is in it."""

    machine: Machine
    world: World
    symbols: str  # the folder with the PDBs
    version: bytes  # DBGKD_GET_VERSION64
    special_registers: list[bytes]  # KSPECIAL_REGISTERS of every processor
    operations: list[ThreadOperations]
    callbacks: list[RegisteredCallback]
    runs_on: bool  # while a processor takes a step for the debugger, the others run

    @property
    def kernel_image(self) -> Symbols:
        """What the kernel tells its debugger first of all."""
        image = self.world.images[KERNEL].image
        path = image_path(KERNEL).encode()
        every_process = 0xFFFF_FFFF_FFFF_FFFF
        return Symbols(path, image.base, every_process, image.checksum, image.size, unload=False)


def build_live_lab(
    script: Script,
    profile: Profile = DEFAULT_PROFILE,
    slide: int = 0,
    real: RealKernel | None = None,
) -> LiveLab:
    """Boots a kernel with the script's drivers; its threads are ready and have not run.

    ``slide``: how far from its usual place the kernel lies. ``real``: a kernel that registers and
    calls the callbacks; the profile is its own then.

    Raises ToolFailed, RuntimeError when the kernel does not come up, and ValueError for a profile
    of which none can be run.
    """
    if not _can_run(profile):
        able = ", ".join(each.name for each in PROFILES.values() if _can_run(each))
        raise ValueError(f"{profile.name} cannot be run; {able} can")
    profile = real.profile if real else profile
    built = build(profile, runs=True, shape=script.shape)
    profile = profile._replace(nt_base=profile.nt_base + slide)
    world = World(profile, built, [], runs=True, real=real)
    modules = dict(zip(world.images, write_loaded_modules(world)))
    loaded = [modules[name] for name in (KERNEL, HOST) if name in modules]
    world.space.link(world.nt("PsLoadedModuleList"), loaded)
    write_unloaded_drivers(world)
    processes = write_processes(world, _process_rows(script))
    registers = write_processor(world, processes, in_bugcheck(world, processes))
    write_debugger_data(world, registers)
    write_shared_data(world)
    _give_pool(world)
    _init_callbacks(world, script.boots)
    version = _write_version_list(world)
    threads = _Threads(world, processes, WorkWriter(world, modules))
    boot = threads.boot(script)
    operations, plans = threads.plan(script)
    processors = _plan_processors(world, script, threads, registers.special_registers)
    machine = _boot(world, processors, boot)
    for plan in plans:
        _add_thread(machine, plan)
    return LiveLab(
        machine,
        world,
        str(built.symbols),
        version,
        [each.special_registers for each in processors],
        operations,
        registered_callbacks(world, script),
        script.runs_on,
    )


def _can_run(profile: Profile) -> bool:
    """Of other builds it is not known where a thread has what the running kernel writes."""
    is_known = kernel_offsets(profile).has("_KTHREAD", "PreviousMode")
    return profile.architecture in ARCHITECTURES and is_known and not profile.five_levels


def _init_callbacks(world: World, boots: bool) -> None:
    """What CmpInitCallbacks has done, or what memory holds before it."""
    world.space.write_unsigned(world.nt("CmpCallbackCookie"), 8, 0 if boots else BOOT_TIME)
    if boots:
        size = 2 * world.profile.pointer_size
        world.space.write(world.nt("CallbackListHead"), bytes(size))


def _process_rows(script: Script) -> list[ProcessRow]:
    """Those of every dump, and the script's."""
    rows = {row.id: row for row in PROCESSES}
    rows[_SYSTEM] = rows[_SYSTEM]._replace(threads=(_BOOT_THREAD, *_IDLE_THREADS))
    for work in script.work:
        new = ProcessRow(work.process, work.process_id, _SYSTEM, ())
        row = rows.setdefault(work.process_id, new)
        threads = dict.fromkeys((*row.threads, work.thread_id))
        rows[work.process_id] = row._replace(threads=tuple(threads))
    return list(rows.values())


def _give_pool(world: World) -> None:
    """Pages behind our own paged pool for the kernel's allocations."""
    start = kernel_pool(world.profile)
    world.space.map(start, _KERNEL_POOL)
    world.set_pointer("MmPagedPoolStart", start)
    world.set_pointer("MmPagedPoolEnd", start + _KERNEL_POOL)


def _write_version_list(world: World) -> bytes:
    """DBGKD_GET_VERSION64 with a list head of its own, as a live kernel has one."""
    head = world.nonpaged.allocate(0x10, b"KdDl")
    world.space.link(head, [world.nt("KdDebuggerDataBlock")])
    version = world.nt("KdVersionBlock")
    extended = ARCHITECTURES[world.profile.architecture].extended(head)
    world.space.write_unsigned(version + 0x20, 8, extended)  # DebuggerDataList
    return world.space.read(version, 0x28)


class _ThreadPlan(NamedTuple):
    """Where a thread is to start, with which argument, on a stack whose upper end is ``stack``."""

    ethread: int
    start: int
    argument: int
    stack: int
    processor: int = 0


class _Threads:
    """Plans of threads, each with a kernel stack of its own."""

    def __init__(self, world: World, processes: Processes, writer: WorkWriter) -> None:
        self._world = world
        self._writer = writer
        # CLIENT_ID.UniqueThread
        client = world.offsets.field("_ETHREAD", "Cid") + world.profile.pointer_size
        self._by_id = {world.space.pointer(each + client): each for each in processes.threads}
        self._next_stack = world.profile.kernel_stack + _STACK_STRIDE

    def boot(self, script: Script) -> _ThreadPlan:
        """The thread of System that loads the drivers."""
        self._writer.write_actors(script.actors)
        load = tuple(Operation("load-driver", name=name) for name in script.drivers)
        work = self._writer.write(Work("System", _SYSTEM, _BOOT_THREAD, load, rounds=1))
        return self._plan(_BOOT_THREAD, "PspUserThreadStartup", work.address)

    def plan(self, script: Script) -> tuple[list[ThreadOperations], list[_ThreadPlan]]:
        """The script's threads: their operations, and their plans."""
        operations, plans = [], []
        for work in script.work:
            written = self._writer.write(work)
            plan = self._plan(work.thread_id, "PspUserThreadStartup", written.address)
            self._world.fill(plan.ethread, "_KTHREAD", PreviousMode=int(work.user_mode))
            if work.user_mode and self._world.profile.pointer_size == 8:
                process = self._world.space.pointer(
                    self._world.field(plan.ethread, "_KTHREAD", "Process")
                )
                frame = give_user_stack(self._world, process, plan.stack)
                start = self._world.nt("KiStartUserThread")
                plan = plan._replace(start=start, stack=frame)
            kinds = [each.kind for each in work.operations]
            operations.append(ThreadOperations(kinds, written.operations))
            plans.append(plan._replace(processor=work.processor))
        return operations, plans

    def idle(self, number: int) -> _ThreadPlan:
        """The idle thread of a processor."""
        return self._plan(_IDLE_THREADS[number], "KiIdleLoop", 0)

    def _plan(self, thread_id: int, start: str, argument: int) -> _ThreadPlan:
        thread = self._by_id[thread_id]
        limit, self._next_stack = self._next_stack, self._next_stack + _STACK_STRIDE
        base = limit + _STACK
        self._world.space.map(limit, _STACK)
        for place in (0, 2):  # no APCs wait, of kernel mode and of user mode
            head = self._world.field(thread, "_KTHREAD", "ApcState")
            head += place * self._world.profile.pointer_size
            self._world.space.link(head, [])
        self._world.fill(
            thread, "_KTHREAD", InitialStack=base, StackLimit=limit, StackBase=base,
            KernelStack=base,
        )  # fmt: skip
        return _ThreadPlan(thread, self._world.nt(start), argument, base)


class _ProcessorPlan(NamedTuple):
    """A processor: its KPCR, its KSPECIAL_REGISTERS, its idle thread."""

    pcr: int
    special_registers: bytes
    idle: _ThreadPlan


def _plan_processors(
    world: World, script: Script, threads: _Threads, special_registers: bytes
) -> list[_ProcessorPlan]:
    plans = [_ProcessorPlan(world.nt("KiInitialPCR"), special_registers, threads.idle(0))]
    for number in range(1, script.processors):
        idle = threads.idle(number)
        plans.append(_ProcessorPlan(*add_processor(world, number, idle.ethread), idle))
    return plans


def _boot(world: World, processors: list[_ProcessorPlan], boot: _ThreadPlan) -> Machine:
    """The machine, once its first thread has loaded the drivers."""
    architecture = ARCHITECTURES[world.profile.architecture]
    emulator = new_emulator(world.space.tables.directory, architecture.mode)
    memory = GuestMemory(emulator, world.space.memory, world.space.tables)
    machine = Machine(architecture, emulator, memory, world.offsets.field("_KTHREAD", "State"))
    for processor in processors:
        idle = processor.idle
        machine.add_processor(processor.pcr, idle.ethread, idle.start, idle.stack)
    _add_thread(machine, boot)
    while not machine.is_idle:
        event = machine.run()
        if isinstance(event, Raised):
            raise RuntimeError(f"the lab's kernel raised {event}")
    return machine


def _add_thread(machine: Machine, plan: _ThreadPlan) -> None:
    processor = machine.processors[plan.processor]
    machine.add_thread(processor, plan.ethread, plan.start, plan.argument, plan.stack)
