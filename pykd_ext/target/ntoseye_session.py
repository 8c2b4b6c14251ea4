"""A kernel on another machine as a target, through ntoseye: Linux and macOS, no Windows needed.

The only file that imports ntoseye. What is said here about it was seen in 0.52.0; tests/engine
proves it against the lab's KD target. It knows the kernel by its PDB and does not attach without;
symbols are answered by our own readers, as for dumps, so that names are the same everywhere.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

try:
    import ntoseye
except ImportError as error:
    ntoseye = None
    _why_no_ntoseye = str(error)

from . import BugCheck, Symbol
from .architecture import ArchitectureName
from .errors import (
    BadArgument,
    ConnectionLost,
    MemoryUnreadable,
    RegcbError,
    RegisterUnavailable,
    TargetError,
    UnsupportedTarget,
)
from .last_event import BREAKPOINT, BUG_CHECK, EXCEPTION, MODULE, STOPPED
from .loaded_symbols import LoadedSymbols
from .memory import Memory
from .pdb_server import PdbServer
from .symbol_path import SymbolPath
from .symbols_target import SymbolsTarget

if TYPE_CHECKING:
    from .live import Breakpoint, OnHit
    from .running import Run
    from .small_dump import SmallDump
    from .symbol_server import Progress

__all__ = ["NtoseyeSession", "open_connection"]

_ARCHITECTURES: dict[str, ArchitectureName] = {"AMD64": "x64", "ARM64": "arm64"}
_REGISTERS = {"efl": "eflags"}  # WinDbg's names, where ntoseye's are others
_POLL = 0.05  # seconds; a wait cannot be interrupted from another thread
_STORE = os.path.join("~", ".ntoseye", "symbols")  # what it has downloaded
_HOW = "kd:SOCKET, kdnet:port=PORT,key=KEY or gdb:HOST:PORT"
_WHY = {
    "breakpoint": BREAKPOINT,
    "exception": EXCEPTION,
    "module_load": MODULE,
    "module_unload": MODULE,
    "bugcheck": BUG_CHECK,
}

_servers: list[PdbServer] = []  # one; ntoseye reads the variable that names it once a process


def open_connection(
    connection: str, symbols: str | None, on_download: Progress | None = None
) -> NtoseyeSession:
    """The kernel at ``connection``, stopped: ``kd:SOCKET`` (a virtual machine's serial port as a
    Unix socket), ``kdnet:port=PORT,key=KEY``, ``gdb:HOST:PORT`` (QEMU's stub). ``symbols`` is a
    symbol path, to which ntoseye's own store is added; with None the exports are its symbols.

    Raises BadArgument for anything else, and TargetError where nothing answers or ntoseye is not
    installed.
    """
    where = _where(connection)
    if ntoseye is None:
        raise TargetError(
            f"ntoseye cannot be imported ({_why_no_ntoseye}): pip install 'regcb[ntoseye]', on "
            "Linux or macOS"
        )
    try:
        _serve(SymbolPath(symbols or "", on_download))
        debugger = ntoseye.attach(**where)
    except (ntoseye.NtoseyeError, OSError) as error:
        raise TargetError(f"{connection}: {_one_line(error)}") from None
    try:
        path = "" if symbols is None else f"{symbols};srv*{_STORE}"
        return NtoseyeSession(debugger, SymbolPath(path))
    except BaseException as error:
        with suppress(ntoseye.NtoseyeError):  # it has gone
            debugger.close()
        if isinstance(error, ntoseye.NtoseyeError):
            raise TargetError(f"{connection}: {_one_line(error)}") from None
        raise


def _where(connection: str) -> dict[str, str]:
    """The arguments of ntoseye.attach."""
    backend, _, rest = connection.partition(":")
    if backend in ("kd", "gdb") and rest:
        return {"backend": backend, "connect": rest}
    if backend == "kdnet":
        words = dict(each.partition("=")[::2] for each in rest.split(","))
        if words.keys() == {"port", "key"} and words["port"].isdecimal():
            listen = f"0.0.0.0:{words['port']}"
            return {"backend": backend, "connect": listen, "key": words["key"]}
    raise BadArgument(f"--connect is {_HOW}, not {connection!r}")


def _serve(symbol_path: SymbolPath) -> None:
    """Its SDK takes no symbol path before it has attached, and does not attach without a PDB."""
    if _servers:
        _servers[0].symbol_path = symbol_path
        return
    _servers.append(PdbServer(symbol_path))
    others = os.environ.get("NTOSEYE_PDB_SERVERS")
    os.environ["NTOSEYE_PDB_SERVERS"] = ";".join(filter(None, [_servers[0].url, others]))


class NtoseyeSession(SymbolsTarget):
    """Fulfils :class:`pykd_ext.target.live.LiveTarget` for a debugger of our own."""

    kind = "kernel"
    is_ours = True
    is_file = False
    is_frozen = True
    taken = ""
    path: str | None = None
    debugger_data = 0
    small_dump: SmallDump | None = None

    def __init__(self, debugger: Any, symbol_path: SymbolPath) -> None:
        """``debugger`` is ntoseye's, attached, and this session's to close."""
        self._debugger = debugger
        version = debugger.inspect.version()
        if version.architecture not in _ARCHITECTURES:
            raise UnsupportedTarget(
                f"the target's processor ({version.architecture}) is neither x64 nor ARM64"
            )
        self.architecture = _ARCHITECTURES[version.architecture]
        self.build: int = version.build_number
        self.symbol_path = symbol_path
        self._find_kernel()
        self.last_event = ""
        self.on_silence: Callable[[float], None] = lambda _: None
        self._breakpoints: dict[int, _Breakpoint] = {}
        self._run: Run | None = None

    def _find_kernel(self) -> None:
        """Also where another one has been booted."""
        self.nt_base: int = self._debugger.modules["nt"].base
        self.module_list: int = self._debugger.symbols["nt!PsLoadedModuleList"]
        self.memory = Memory(self)
        self._symbols = self._loaded_symbols()
        self._has_run = False

    def _loaded_symbols(self) -> LoadedSymbols:
        return LoadedSymbols(
            self.memory, self.module_list, self.symbol_path, [], kernel_base=self.nt_base
        )

    @property
    def _processor(self) -> Any:
        """The one that the target is stopped in."""
        return self._debugger.cpus[self._debugger.stop.cpu]

    def read(self, address: int, size: int) -> bytes:
        if size == 0:
            return b""
        memory = self._debugger if self.memory.is_kernel(address) else self._processor
        try:
            found: bytes = memory.memory.read(address, size)
        except (ntoseye.NtoseyeError, OverflowError) as error:
            _require_link(error)
            raise MemoryUnreadable(address, size) from None
        if self._run:
            self._run.hear()
        return found

    def physical_memory(self) -> None:
        """What runs is not searched."""

    def nearest_symbol(self, address: int) -> Symbol | None:
        found = super().nearest_symbol(address)
        if found is None and self._has_run and self.memory.is_kernel(address):
            self._has_run = False
            self._symbols = self._loaded_symbols()  # of a driver that came meanwhile
            found = super().nearest_symbol(address)
        return found

    def register(self, name: str) -> int:
        try:
            value: int = self._processor.registers[_REGISTERS.get(name, name)]
        except (ntoseye.NtoseyeError, LookupError) as error:
            _require_link(error)
            raise RegisterUnavailable(name, f"ntoseye says: {_one_line(error)}") from None
        return value

    def current_thread(self) -> int:
        thread = self._debugger.stop.thread
        if thread is None:
            raise RegisterUnavailable("$thread", "ntoseye knows of none that this processor runs")
        found: int = thread.kthread
        return found

    def bug_check(self) -> BugCheck | None:
        """From nt!KiBugCheckData, as debuggers have it."""
        try:
            data = self.symbol("KiBugCheckData")
            size = self.memory.pointer_size
            code, *parameters = (self.memory.pointer(data + each * size) for each in range(5))
        except RegcbError:
            return None
        return BugCheck(code, tuple(parameters)) if code else None

    def break_at(self, address: int, on_hit: OnHit, hardware: bool = False) -> Breakpoint:  # noqa: ARG002
        """Always in memory: ntoseye takes out the one alone that it goes on from, so a debug
        register would save nothing."""
        try:
            engines = self._debugger.breakpoints.add(address, unchecked=True)
        except (ntoseye.NtoseyeError, OverflowError) as error:
            _require_link(error)
            raise TargetError(f"no breakpoint at {address:#x}: {_one_line(error)}") from None
        found = _Breakpoint(address, on_hit, engines)
        self._breakpoints[engines.id] = found
        return found

    def go(self, seconds: float | None) -> str:
        from .running import Run  # noqa: PLC0415 - only a live target needs it

        self._run = run = Run(seconds, self.on_silence)
        self._hear_of_unloading()
        try:
            with self.memory.of_running_target():
                stop = self._until_it_stops(run)
        except ntoseye.NtoseyeError as error:
            raise ConnectionLost(f"the target is gone: {_one_line(error)}") from None
        finally:
            self._run = None
        if run.error is not None:
            raise run.error
        if run.is_known and (run.reason == "hit" or self.bug_check() is None):
            return run.reason
        return self._why_stopped(stop)

    def _hear_of_unloading(self) -> None:
        """Of drivers, whose memory is another's afterwards."""
        if self._breakpoints:
            self._debugger.exceptions.set_module_event("ud")

    def _until_it_stops(self, run: Run) -> Any:
        is_asked = threading.Event()
        with run.interruptible(is_asked.set):
            while True:
                stop = self._next_stop(is_asked)
                self.memory.invalidate()
                self._has_run = True
                run.hear()
                if stop.kind == "module_unload":
                    self._lose(stop.module)
                elif stop.kind == "reload":
                    self._reboot(run)
                    return stop
                elif not self._goes_on(run, stop):
                    return stop

    def _next_stop(self, is_asked: threading.Event) -> Any:
        stop = self._debugger.run(timeout=_POLL)
        while stop is None:
            if is_asked.is_set():
                return self._debugger.interrupt()
            stop = self._debugger.wait(timeout=_POLL)
        return stop

    def _goes_on(self, run: Run, stop: Any) -> bool:
        """Whether it was one of our breakpoints, which does not want the target to stop."""
        if stop.kind != "breakpoint":
            return False
        ours = self._breakpoints.get(stop.breakpoint.id)
        return ours is not None and not run.stops(ours.on_hit)

    def _lose(self, module: Any) -> None:
        for each in self._breakpoints.values():
            if module.base <= each.address < module.base + module.size:
                each.lose()

    def _reboot(self, run: Run) -> None:
        run.reboot()
        for each in self._breakpoints.values():
            each.lose()
        self._find_kernel()

    def _why_stopped(self, stop: Any) -> str:
        """What it is that has stopped the target, where it was none of ours."""
        self.last_event = stop.kind
        if stop.kind == "exception":
            self.last_event = f"exception {stop.exception.code:#x}"
        bug_check = self.bug_check()
        if bug_check is not None:
            self.last_event = f"bug check {bug_check.code:#x}"
            return BUG_CHECK
        return _WHY.get(stop.kind, STOPPED)

    def stop_after_hit(self) -> None:
        if self._run:
            self._run.stops_after_hit = True

    def set_registers(self, values: Mapping[str, int]) -> None:
        before = {name: self.register(name) for name in values}
        try:  # each costs six requests, and reading them none
            self._set_registers(
                {name: values[name] for name in values if values[name] != before[name]}
            )
        except RegisterUnavailable:
            self._set_registers(before)
            raise

    def _set_registers(self, values: Mapping[str, int]) -> None:
        registers = self._processor.registers
        for name, value in values.items():
            try:
                registers[_REGISTERS.get(name, name)] = value
            except (ntoseye.NtoseyeError, LookupError, OverflowError) as error:
                _require_link(error)
                raise RegisterUnavailable(name, f"not written: {_one_line(error)}") from None

    def write(self, address: int, data: bytes) -> None:
        memory = self._debugger if self.memory.is_kernel(address) else self._processor
        try:
            memory.memory.write(address, data)
        except (ntoseye.NtoseyeError, OverflowError) as error:
            _require_link(error)
            raise MemoryUnreadable(address, len(data)) from None
        finally:
            self.memory.invalidate()

    def return_addresses(self, count: int) -> list[int]:
        try:
            return [each.ip for each in self._processor.backtrace(limit=count)]
        except ntoseye.NtoseyeError as error:
            _require_link(error)
            return []

    def close(self) -> None:
        """The target goes on, with no breakpoint of ours; raises ConnectionLost where nobody can
        say so."""
        for each in self._breakpoints.values():
            each.remove()
        try:
            self._debugger.close()
        except ntoseye.NtoseyeError as error:  # one that has crashed does not go on
            _require_link(error, " as it was let go; it may be stopped, with breakpoints in it")


class _Breakpoint:
    """One of ours; ``engines`` is ntoseye's handle of it."""

    def __init__(self, address: int, on_hit: OnHit, engines: Any) -> None:
        self.address = address
        self.on_hit = on_hit
        self.is_lost = False
        self._engines = engines

    def enable(self, wanted: bool) -> None:
        with suppress(ntoseye.NtoseyeError):
            if self._engines is not None and self._engines.enabled != wanted:
                self._engines.enabled = wanted

    def remove(self) -> None:
        if self._engines is None:
            return
        with suppress(ntoseye.NtoseyeError):  # the target has gone, which its close() says
            self._engines.delete()
        self._engines = None

    def lose(self) -> None:
        """Its module is about to go, or all are."""
        self.remove()
        self.is_lost = True


# Of a link that has failed there is no class of error.
_WORDS_OF_THE_LINK = ("(os error ", "failed to fill whole buffer")


def _require_link(error: Exception, how: str = "") -> None:
    """Raises ConnectionLost where it is the link that has failed, and nothing of the target's."""
    if any(words in str(error) for words in _WORDS_OF_THE_LINK):
        raise ConnectionLost(f"the target is gone{how}: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
