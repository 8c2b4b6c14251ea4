"""Which target a command line means, and which symbols: the debugger's session, or a dump."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..target.errors import RegcbError, TargetError

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["inside_debugger", "open_target", "symbol_path_of"]


def symbol_path_of(arguments: argparse.Namespace) -> str:
    """Where PDBs and images are looked for: ``-y``, else _NT_SYMBOL_PATH; nowhere with
    ``--no-symbols``."""
    if arguments.no_symbols:
        return ""
    given: str | None = arguments.symbol_path
    return os.environ.get("_NT_SYMBOL_PATH", "") if given is None else given


def open_target(arguments: argparse.Namespace) -> Target:
    """The target of ``-z``, ``-y`` and ``--engine``, by the layout of ``--layout``; raises
    TargetError when there is none, LayoutFileError when that is none of it.

    Inside WinDbg neither is needed: the target is the session.
    """
    target = _open(arguments)
    if arguments.layout:
        from ..kernel.layout_file import use_layout_file  # noqa: PLC0415 - seldom wanted

        try:
            use_layout_file(target, Path(arguments.layout))
        except RegcbError:
            target.close()
            raise
    return target


def _open(arguments: argparse.Namespace) -> Target:
    engine = arguments.engine or ("pykd" if inside_debugger() else "none")
    if engine == "pykd":
        from ..target.pykd_session import open_session  # noqa: PLC0415 - needs pykd

        session = open_session(arguments.dump, arguments.symbol_path)
        return _without_symbols(session) if arguments.no_symbols else session
    if not arguments.dump:
        raise TargetError("no target: open a crash dump with -z FILE, or run inside WinDbg")
    from ..target.crash_dump import CrashDump  # noqa: PLC0415 - WinDbg never needs it
    from ..target.symbol_path import SymbolPath  # noqa: PLC0415

    return CrashDump(arguments.dump, SymbolPath(symbol_path_of(arguments), _Download()))


def _without_symbols(target: Target) -> Target:
    from ..target.without_symbols import WithoutSymbols  # noqa: PLC0415 - seldom wanted

    return WithoutSymbols(target)


class _Download:
    """Shows a symbol file that is being downloaded, on a terminal alone."""

    def __init__(self) -> None:
        self._name = ""
        self._bar: Any = None

    def __call__(self, name: str, received: int, size: int) -> None:
        if name != self._name:
            from tqdm import tqdm  # noqa: PLC0415 - 40 ms that only a download needs

            self._name = name
            self._bar = tqdm(desc=name, total=size or None, unit="B", unit_scale=True, disable=None)
        self._bar.update(received - self._bar.n)
        if received == size:
            self._bar.close()


def inside_debugger() -> bool:
    """Inside WinDbg the pykd bootstrapper gives a script its own standard output."""
    return hasattr(sys.stdout, "writedml")
