"""Opening a target: the debugger's session, or a crash dump."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, cast, overload

from .errors import TargetError
from .locations import device_of, is_url, shown

if TYPE_CHECKING:
    from typing import Literal, Optional

    from . import Target
    from .live import LiveTarget
    from .protocol import FileBytes
    from .symbol_path import SymbolPath
    from .symbol_server import Progress

    Engine = Optional[Literal["none", "pykd", "ntoseye"]]

__all__ = ["ENGINES", "debuggers_code", "inside_debugger", "open_target", "symbol_path_text"]

# Who reads a target, and what each is for.
ENGINES = {
    "none": "reads a dump by itself",
    "pykd": "asks Microsoft's debugger engine",
    "ntoseye": "attaches to a kernel from Linux or macOS",
}


def symbol_path_text(symbols: str | None) -> str:
    """The symbol path that ``symbols`` means: _NT_SYMBOL_PATH where it is None."""
    return os.environ.get("_NT_SYMBOL_PATH", "") if symbols is None else symbols


@overload
def open_target(
    path: None = None,
    symbols: str | None = None,
    *,
    engine: Engine = None,
    connect: str | None = None,
    on_download: Progress | None = None,
) -> LiveTarget: ...
@overload
def open_target(
    path: str | os.PathLike[str] | None,
    symbols: str | None = None,
    *,
    engine: Engine = None,
    connect: str | None = None,
    on_download: Progress | None = None,
) -> Target: ...
def open_target(
    path: str | os.PathLike[str] | None = None,
    symbols: str | None = None,
    *,
    engine: Engine = None,
    connect: str | None = None,
    on_download: Progress | None = None,
) -> Target:
    """Opens a crash dump or an image of memory, a file's, a URL's or a device's
    (``leechcore:DEVICE``); without ``path`` the session of the debugger that this runs in.

    ``symbols`` is a symbol path as WinDbg has it: folders and ``srv*cache*server``, with ``;``
    between. None takes _NT_SYMBOL_PATH, and ``""`` uses no symbols: what a dump or a session is
    asked then is answered by exports and by the kernel's code. A session has a path of its own.
    ``engine`` is who reads: ``none`` this package itself, ``pykd`` Microsoft's debugger engine,
    ``ntoseye`` the kernel at ``connect``; None is the one inside a debugger, and the first one
    outside. ``connect`` is ``kd:SOCKET``, ``kdnet:port=PORT,key=KEY`` or ``gdb:HOST:PORT``.
    ``on_download`` is told the name of a symbol file, the bytes so far, and in all (0: not known).

    What comes back is a context manager, to be closed when it is not needed any more; a debugger's
    session goes on, and so does the kernel at ``connect``. Raises TargetError where there is
    nothing to open, UnsupportedTarget where it is nothing that can be read.

    >>> with pykd_ext.open_target("samples/sound-x64.dmp", symbols="samples/symbols") as target:
    ...     for callback in pykd_ext.callbacks(target):
    ...         print(callback.altitude, callback.function_symbol, callback.owner.name)
    425500 nt!EtwpRegTraceCallback ntoskrnl.exe
    425000 oldfilt+0x5000 oldfilt.sys
    385201 netmon!NetMonRegFilter netmon.sys
    328010 avfilter!AvfRegistryCallback avfilter.sys
    189900 nt!VrpRegistryCallback ntoskrnl.exe
    140000 regprotect!RegisterCallback regprotect.sys
    """
    dump = None if path is None else os.fspath(path)
    if connect is not None or engine == "ntoseye":
        return _connection(dump, symbols, engine, connect, on_download)
    if dump and (is_url(dump) or device_of(dump)):
        if engine == "pykd":
            raise TargetError(f"{shown(dump)}: the debugger's engine opens files: --engine none")
        engine = "none"
    if engine == "pykd" or (engine is None and (inside_debugger() or _has_session(dump))):
        return _session(dump, symbols)
    if not dump:
        raise TargetError("no target: open a crash dump with -z FILE, or run inside WinDbg")
    from .symbol_path import SymbolPath  # noqa: PLC0415 - WinDbg never needs it

    return _file(dump, SymbolPath(symbol_path_text(symbols), on_download))


def _file(path: str, symbol_path: SymbolPath) -> Target:
    from .file_bytes import open_bytes  # noqa: PLC0415

    if device_of(path):
        from .leechcore_memory import open_device  # noqa: PLC0415 - seldom wanted
        from .memory_image import MemoryImage  # noqa: PLC0415

        return MemoryImage(open_device(path), symbol_path)
    if _is_stream(path):
        raise TargetError(f"{path}: a pipe or a device; a dump is read at any place of its file")
    data = open_bytes(path)
    try:
        data = _unpacked(data)
        return _target_in(data, symbol_path)
    except BaseException:
        data.close()
        raise


def _unpacked(data: FileBytes) -> FileBytes:
    from .dump_header import is_dump  # noqa: PLC0415

    if is_dump(data[:4]):
        return data
    from .archives import open_archive  # noqa: PLC0415 - a dump needs none

    return open_archive(data)


def _target_in(data: FileBytes, symbol_path: SymbolPath) -> Target:
    from .dump_header import is_dump  # noqa: PLC0415

    if not is_dump(data[:4]):
        from .containers import find_container  # noqa: PLC0415 - a dump needs none

        container = find_container(data)
        if container is not None:
            from .memory_image import MemoryImage  # noqa: PLC0415

            return MemoryImage(container, symbol_path)
    from .crash_dump import CrashDump  # noqa: PLC0415

    return CrashDump(data.path, symbol_path, data)


def _is_stream(path: str) -> bool:
    """Whether it gives its bytes once, or none until somebody writes: opening it may never end."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False  # whoever opens it says so
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _session(dump: str | None, symbols: str | None) -> LiveTarget:
    from .pykd_session import open_session  # noqa: PLC0415 - needs pykd

    session = open_session(dump, symbols)
    if symbols != "":
        return session
    from .without_symbols import WithoutSymbols  # noqa: PLC0415 - seldom wanted

    return cast("LiveTarget", WithoutSymbols(session))


def _connection(
    dump: str | None,
    symbols: str | None,
    engine: Engine,
    connect: str | None,
    on_download: Progress | None,
) -> LiveTarget:
    if dump or not connect or engine not in (None, "ntoseye"):
        raise TargetError(
            "--engine ntoseye and --connect go together, without -z: a kernel that runs, no dump"
        )
    from .ntoseye_session import open_connection  # noqa: PLC0415 - needs ntoseye

    path = None if symbols == "" else symbol_path_text(symbols)
    return open_connection(connect, path, on_download)


def inside_debugger() -> bool:
    """Inside WinDbg the pykd bootstrapper gives a script its own standard output."""
    return hasattr(sys.stdout, "writedml")


def debuggers_code(address: int, count: int) -> list[str]:
    """``count`` instructions of its target, each as the debugger shows it that this runs inside;
    fewer where they cannot be read, none elsewhere."""
    if not inside_debugger():
        return []
    from .pykd_session import engine_disassembly  # noqa: PLC0415 - needs pykd

    return engine_disassembly(address, count)


def _has_session(dump: str | None) -> bool:
    """Whether there is nothing else to open, and pykd has a target: a script attached it."""
    if dump:
        return False
    from .pykd_session import has_session  # noqa: PLC0415

    return has_session()
