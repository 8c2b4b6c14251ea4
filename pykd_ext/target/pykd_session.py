"""A debugger's session as a target, through pykd: WinDbg, cdb, kd, and pykd standalone.

The only file that imports pykd. What is said here about pykd's calls was seen in 0.3.4.15 with
dbgeng 10.0.15063; tests/engine proves it in the real engine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple
from weakref import WeakSet

try:
    import pykd
except ImportError as error:
    pykd = None
    _why_no_pykd = str(error)

from . import BugCheck, Module, Symbol
from .architecture import ARCHITECTURES, ArchitectureName
from .closing import ClosedAtEnd
from .dump_file import DumpFile
from .dump_origin import NO_DUMP
from .engine_interface import EngineMemory
from .errors import (
    ConnectionLost,
    MemoryUnreadable,
    RegisterUnavailable,
    SymbolNotFound,
    TargetError,
    TypeNotFound,
    UnsupportedTarget,
)
from .last_event import BUG_CHECK, STOPPED, event_kind, event_text
from .memory import Memory
from .registers import register

if TYPE_CHECKING:
    from .live import Breakpoint, OnHit
    from .running import Run
    from .symbol_path import SymbolPath

__all__ = ["PykdSession", "engine_disassembly", "has_session", "open_session"]

# Of those whose targets tests/engine has. "bl" says of one: "1 e fffff804`12a0a22a e 1 0001 ...".
_DEBUG_REGISTERS = {"x64": 4}
_BREAKPOINT = re.compile(r"^ *\d+ [ed] ([0-9a-f`]+) ", re.MULTILINE)
_HARDWARE_BREAKPOINT = re.compile(r"^ *\d+ e \S+ [a-z] \d ", re.MULTILINE)

# In it is no file; of an empty symbol path the engine makes Microsoft's server.
_NOWHERE = "NUL"

_WHAT_TO_TAKE = "take a kernel, automatic or complete memory dump (MEMORY.DMP)"


def has_session() -> bool:
    """Whether pykd is there, and has a target."""
    return pykd is not None and _has_target()


def open_session(dump: str | None = None, symbol_path: str | None = None) -> PykdSession:
    """The session that pykd is in; with ``dump``, one of its own on that file, whose symbols are
    in ``symbol_path``: nowhere where that is empty, where the engine looks where it is None.

    Raises TargetError when there is no pykd, no session, or one that is no kernel's.
    """
    if pykd is None:
        raise TargetError(
            f"pykd cannot be imported ({_why_no_pykd}): install it with pip on Windows, "
            "Python 3.9 or older; a dump needs no pykd (--engine none)"
        )
    if _has_target():
        if dump or symbol_path:
            raise TargetError(
                "the debugger has a target already: leave out -z and -y (.opendump and .sympath "
                "change it)"
            )
        _require_kernel("the debugger's target")
        return PykdSession()
    if not dump:
        raise TargetError("no debugging session: open a dump with -z FILE, or run inside WinDbg")
    opened = _load_dump(dump, symbol_path)
    try:
        _require_kernel(dump)
        session = PykdSession(dump, opened)
        _name_the_kernel(session.nt_base)
        return session
    except TargetError:
        opened.close()
        raise


def _has_target() -> bool:
    try:
        status = pykd.getExecutionStatus()
    except pykd.DbgException:  # not initialised; to do it twice is an error too
        pykd.initialize()
        status = pykd.getExecutionStatus()
    return bool(status != pykd.executionStatus.NoDebuggee)


class _OpenedDump(NamedTuple):
    """A dump that is ours to close: pykd's number for it, and the engine's symbol path before."""

    number: int
    path_before: str

    def close(self) -> None:
        pykd.closeDump(self.number)
        pykd.setSymbolPath(self.path_before)


def _load_dump(dump: str, symbol_path: str | None) -> _OpenedDump:
    before: str = pykd.getSymbolPath()
    if symbol_path is not None:
        pykd.setSymbolPath(symbol_path or _NOWHERE)
    try:
        return _OpenedDump(pykd.loadDump(dump), before)
    except pykd.DbgException as error:
        pykd.setSymbolPath(before)
        raise _why_not_loaded(dump, error) from None


def _why_not_loaded(dump: str, error: Exception) -> TargetError:
    """The engine has a HRESULT for whatever is wrong; our own reader says what it is."""
    try:
        DumpFile(dump).close()
    except TargetError as reason:
        return reason
    return TargetError(f"{dump}: the debugger engine does not open it: {_first_line(error)}")


def _require_kernel(what: str) -> None:
    if not pykd.isKernelDebugging():
        raise TargetError(
            f"{what} is not a kernel target; registry callbacks live in the kernel: debug a "
            f"kernel, or {_WHAT_TO_TAKE}"
        )


def _name_the_kernel(base: int) -> None:
    """Where it cannot read the module list, the engine knows the kernel's place but no "nt"."""
    try:
        pykd.module("nt")
    except pykd.DbgException:
        pykd.dbgCommand(f".reload nt={base:#x}")


class PykdSession(ClosedAtEnd):
    """Fulfils :class:`pykd_ext.target.Target` for the engine's current session."""

    is_ours = False

    def __init__(self, dump: str | None = None, opened: _OpenedDump | None = None) -> None:
        self._opened = opened
        self._engine_memory = EngineMemory()
        self.architecture = _architecture()
        self.kind, path = _debuggee()
        self.path = dump or path
        self.build: int = pykd.getSystemVersion().buildNumber
        self.nt_base, self.module_list = _kernel_addresses()
        file = self._dump_file()
        self._origin = file.header.origin if file else NO_DUMP
        # Left open: the engine has the thread that crashed at no address, and gives out a small
        # dump's lists of drivers by name alone.
        self._small_file = DumpFile(file.path) if file and file.small else None
        self.small_dump = self._small_file.small if self._small_file else None
        self.memory = Memory(self, whole_pages=self.small_dump is None)
        self._searched: DumpFile | None = None
        self._run: Run | None = None
        self._breakpoints: WeakSet[_EngineBreakpoint] = WeakSet()
        self.last_event = ""
        self.on_silence: Callable[[float], None] = lambda _: None

    @property
    def is_file(self) -> bool:
        return self.kind == "crash-dump"

    @property
    def is_frozen(self) -> bool:
        return self.kind != "local-kernel" and self._origin.is_frozen

    @property
    def taken(self) -> str:
        return self._origin.note

    @property
    def debugger_data(self) -> int:
        file = self._dump_file()
        return file.header.debugger_data if file else 0

    @property
    def symbol_path(self) -> SymbolPath:
        """The engine's own (``.sympath``), as it is now."""
        from .symbol_path import SymbolPath  # noqa: PLC0415 - a list needs none

        return SymbolPath(pykd.getSymbolPath() or "")

    def _dump_file(self) -> DumpFile | None:
        """Closed: for what is known of the file itself."""
        if self.path is None:
            return None
        try:
            file = DumpFile(self.path)
        except TargetError:  # a form that only the engine reads, such as .cab
            return None
        file.close()
        return file

    def read(self, address: int, size: int) -> bytes:
        if size == 0:
            return b""
        try:
            found = self._engine_memory.read(self._to_engine(address), size)
        except OverflowError:
            found = None
        if self._run:
            self._run.hear()
        if found is not None:
            return found
        if self._small_file:
            return self._small_file.virtual(address, size)
        raise MemoryUnreadable(address, size)

    def symbol(self, name: str, module: str = "nt") -> int:
        try:
            return self._from_engine(pykd.getOffset(f"{module}!{name}"))
        except pykd.DbgException as error:
            why = f"the debugger says: {_first_line(error)}"
            how = ".symfix; .reload /f nt loads Microsoft's symbols"
            raise SymbolNotFound(name, module, f"{why} ({how})") from None

    def nearest_symbol(self, address: int) -> Symbol | None:
        try:
            module, name, displacement = pykd.findSymbolAndDisp(self._to_engine(address))
        except (pykd.DbgException, OverflowError):
            return None
        if displacement < 0:
            return None  # below a module's first symbol pykd answers with that one
        if displacement and pykd.module(module).symfile() == "export symbols":
            return None  # most functions are no exports, and far from any
        return Symbol(module, name, displacement)

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        try:
            offset: int = pykd.module(module).type(type_name).fieldOffset(field)
        except pykd.DbgException:
            raise TypeNotFound(f"{type_name}.{field}", module) from None
        return offset

    def register(self, name: str) -> int:
        if self._small_file and self.architecture != "x64":
            # Of small dumps the engine has x64's right: x86's are shifted, it has none of ARM64.
            return register(self.architecture, self._small_file.context(), name)
        try:
            return self._from_engine(pykd.reg(name))
        except pykd.DbgException as error:
            raise RegisterUnavailable(name, f"the debugger says: {_first_line(error)}") from None

    def current_thread(self) -> int:
        try:
            return self._from_engine(pykd.getImplicitThread())  # as .thread has set it
        except pykd.DbgException as error:
            if self.small_dump and self.small_dump.thread:  # pykd asks for more than is in one
                return self.small_dump.thread
            why = f"the debugger says: {_first_line(error)}"
            raise RegisterUnavailable("$thread", why) from None

    def bug_check(self) -> BugCheck | None:
        if self._origin.note:
            return None
        try:
            code, *parameters = pykd.bugCheckData()
        except pykd.DbgException:
            return None
        return (
            BugCheck(code, tuple(self._from_engine(each) for each in parameters)) if code else None
        )

    def break_at(self, address: int, on_hit: OnHit, hardware: bool = False) -> Breakpoint:
        def hit() -> Any:
            self.memory.invalidate()
            stops = self._run is None or self._run.stops(on_hit)
            return pykd.eventResult.Break if stops else pykd.eventResult.Proceed

        try:
            place = self._to_engine(address)
            in_register = hardware and self._has_debug_register(place)
            how = [1, pykd.breakpointAccess.Execute] if in_register else []
            found = _EngineBreakpoint(place, lambda: pykd.setBp(place, *how, hit))
        except (pykd.DbgException, OverflowError) as error:
            raise TargetError(f"no breakpoint at {address:#x}: {_first_line(error)}") from None
        self._breakpoints.add(found)
        return found

    def _has_debug_register(self, place: int) -> bool:
        """One is cheaper than an instruction in memory where there is one processor: at every stop
        the engine looks at the debug registers of all, two requests for each. It takes any number
        of breakpoints, and refuses to go on with too many. Where one of the user's is in memory, a
        register's comes before it, and what does the instruction then passes it."""
        if pykd.getNumberThreads() != 1:  # a kernel's are its processors
            return False
        there = pykd.dbgCommand("bl") or ""
        if place in (int(each.replace("`", ""), 16) for each in _BREAKPOINT.findall(there)):
            return False
        used = _HARDWARE_BREAKPOINT.findall(there)
        return len(used) < _DEBUG_REGISTERS.get(self.architecture, 0)

    def go(self, seconds: float | None) -> str:
        from .running import Run  # noqa: PLC0415 - 3 ms that only a live target spends

        self._run = run = Run(seconds, self.on_silence)
        handler = _event_handler(run, self._breakpoints)
        try:
            with self.memory.of_running_target(), run.interruptible(pykd.breakin):
                pykd.go()
        except pykd.DbgException as error:
            if run.error is None:
                raise ConnectionLost(f"the target is gone: {_first_line(error)}") from None
        finally:
            del handler
            self._run = None
        if run.error is not None:
            raise run.error
        if not _has_target():
            raise ConnectionLost("the target is gone")
        return run.reason if run.is_known else self._why_stopped()

    def stop_after_hit(self) -> None:
        if self._run:
            self._run.stops_after_hit = True

    def _why_stopped(self) -> str:
        """What it is that has stopped the target, where it was none of ours."""
        self.last_event = event_text(pykd.dbgCommand(".lastevent") or "")
        kind = event_kind(self.last_event)
        bug_check = self.bug_check() if kind == STOPPED else None
        if bug_check is None:
            return kind
        self.last_event = f"bug check {bug_check.code:#x}"
        return BUG_CHECK

    def set_registers(self, values: Mapping[str, int]) -> None:
        before = {name: self.register(name) for name in values}
        try:
            for name, value in values.items():
                self._set_register(name, value)
        except RegisterUnavailable:
            for name, value in before.items():
                self._set_register(name, value)
            raise

    def _set_register(self, name: str, value: int) -> None:
        try:
            pykd.setReg(name, value)
        except pykd.DbgException as error:
            raise RegisterUnavailable(name, f"not written: {_first_line(error)}") from None

    def write(self, address: int, data: bytes) -> None:
        try:
            is_written = self._engine_memory.write(self._to_engine(address), data)
        except OverflowError:
            is_written = False
        finally:
            self.memory.invalidate()
        if not is_written:
            raise MemoryUnreadable(address, len(data))

    def return_addresses(self, count: int) -> list[int]:
        try:
            frames = pykd.getStack()
        except pykd.DbgException:
            return []
        return [self._from_engine(each.ip) for each in frames[:count]]

    def physical_memory(self) -> DumpFile | None:
        """The engine's own SearchMemory is by virtual address, and slow."""
        if not self.is_file or self.path is None:
            return None
        if self._searched is None:
            self._searched = DumpFile(self.path)
        return self._searched

    def modules(self) -> Sequence[Module]:
        return [
            Module(each.name(), self._from_engine(each.begin()), each.size())
            for each in pykd.getModulesList()
        ]

    def symbol_problems(self) -> Sequence[str]:
        """What is wrong with a dump's file; the engine says the rest in its window (!sym noisy)."""
        file = self._dump_file()
        return file.problems if file else ()

    def close(self) -> None:
        """Closes a dump that this session opened; a debugger's session is not ours to end, but for
        the breakpoints that were set in it."""
        for each in list(self._breakpoints):
            each.remove()
        self._engine_memory.release()
        for file in (self._small_file, self._searched):
            if file:
                file.close()
        if self._opened is not None:
            self._opened.close()

    def _to_engine(self, address: int) -> int:
        """The engine sign-extends a 32-bit target's addresses; raises OverflowError for others.

        It finds no symbol for 0x82800000, and reads one thing at many addresses: their upper
        halves do not count.
        """
        size = ARCHITECTURES[self.architecture].pointer_size
        if not 0 <= address < 1 << 8 * size:
            raise OverflowError
        if size == 8:
            return address
        return address | 0xFFFFFFFF_00000000 if address & 0x8000_0000 else address

    def _from_engine(self, address: int) -> int:
        return address & ARCHITECTURES[self.architecture].address_mask


def _event_handler(run: Run, breakpoints: WeakSet[_EngineBreakpoint]) -> Any:
    """Hears, as long as it is kept, of what no breakpoint outlives."""

    class Handler(pykd.eventHandler):  # type: ignore[misc]  # pykd has no types
        def onExecutionStatusChange(self, status: Any) -> None:
            """The engine has no debuggee while it waits for one that reboots, and has dropped all
            breakpoints."""
            if status == pykd.executionStatus.NoDebuggee:
                run.reboot()

        def onLoadModule(self, _base: int, _name: str) -> Any:
            """The next kernel is stopped where it tells of itself."""
            is_new = run.is_reboot
            return pykd.eventResult.Break if is_new else pykd.eventResult.NoChange

        def onUnloadModule(self, base: int, _name: str) -> Any:
            """The engine would go on to write where others' memory is by then."""
            ends = (each.end() for each in pykd.getModulesList() if each.begin() == base)
            end = next(ends, base)
            for each in [one for one in breakpoints if base <= one.place < end]:
                each.lose()
            return pykd.eventResult.NoChange

    return Handler()


class _EngineBreakpoint:
    """pykd's breakpoint object: it has to be kept, its end removes the breakpoint.

    It is removed and set again in place of bd and be: a command has the engine read the stopped
    code anew, two requests more.
    """

    def __init__(self, place: int, set_it: Callable[[], Any]) -> None:
        """``place`` is the VA as the engine has it."""
        self.place = place
        self.is_lost = False
        self._set_it = set_it
        self._object = set_it()
        self._former: Any = None  # while it is being hit its function is at work

    def enable(self, wanted: bool) -> None:
        with suppress(pykd.DbgException):
            if wanted and self._object is None and not self.is_lost:
                self._object = self._set_it()
            elif not wanted and self._object is not None:
                self.remove()

    def remove(self) -> None:
        if self._object is None:
            return
        with suppress(pykd.DbgException):  # the target has gone, or the user said bc *
            self._object.remove()
        self._former, self._object = self._object, None

    def lose(self) -> None:
        """Its module is about to go."""
        self.remove()
        self.is_lost = True


def _architecture() -> ArchitectureName:
    """The target's, not the debugger's: an amd64 engine opens x86 and ARM64 kernels."""
    names: dict[Any, ArchitectureName] = {
        pykd.CPUType.AMD64: "x64",
        pykd.CPUType.I386: "x86",
        pykd.CPUType.ARM64: "arm64",
    }
    cpu = pykd.getCPUType()  # and not getCPUMode, which .effmach changes
    if cpu not in names:
        raise UnsupportedTarget(f"the target's processor ({cpu}) is none of x64, x86, ARM64")
    return names[cpu]


# `fffff804`16a957d1 0f844d010000    je      regprotect!RegisterCallback+0x164 (fffff804`16a95924)`
_CODE = re.compile(r"[0-9a-f`]{8,17} .*", re.ASCII)


def engine_disassembly(address: int, count: int) -> list[str]:
    """``count`` instructions from the VA ``address`` on, each as the debugger of this process shows
    it; fewer where they cannot be read."""
    try:
        shown = pykd.dbgCommand(f"u {address:#x} L{count:#x}") or ""
    except pykd.DbgException:
        return []
    return [line for line in shown.splitlines() if _CODE.fullmatch(line)]


# "||": `.  0 64-bit Full kernel dump: C:\MEMORY.DMP`, `.  0 Remote KD: KdSrv:...`, `.  0 Local KD`
_CURRENT_DEBUGGEE = re.compile(r"^\. +\d+ (?P<what>[^:\n]*)(?:: (?P<where>.*))?$", re.MULTILINE)


def _debuggee() -> tuple[str, str | None]:
    """The target's kind, and the file when it is a dump.

    pykd has no call for either: isLocalKernelDebuggerEnabled is about the debugger's own machine.
    """
    current = _CURRENT_DEBUGGEE.search(pykd.dbgCommand("||") or "")
    if pykd.isDumpAnalyzing():
        return "crash-dump", current["where"] if current else None
    return "local-kernel" if current and current["what"] == "Local KD" else "kernel", None


_ADDRESSES = re.compile(r"Kernel base = 0x(?P<base>\S+) PsLoadedModuleList = 0x(?P<list>\S+)")


def _kernel_addresses() -> tuple[int, int]:
    """Of the kernel image and of nt!PsLoadedModuleList, which the engine knows without symbols."""
    found = _ADDRESSES.search(pykd.dbgCommand("vertarget") or "")
    if found is None:
        raise TargetError("the debugger does not know where the kernel is (see vertarget)")
    base, module_list = (int(each.replace("`", ""), 16) for each in found.groups())
    return base, module_list


def _first_line(error: Exception) -> str:
    """pykd's errors have the HRESULT on a line of its own."""
    return str(error).partition("\n")[0]
