"""Which target a command line means, and which symbols: the debugger's session, or a dump."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from .. import open_target
from ..target.errors import BadArgument, RegcbError, TargetError
from ..target.opening import inside_debugger, symbol_path_text
from .progress import progress_bar

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["refuse_target", "symbol_path_of", "target_of"]


def symbol_path_of(arguments: argparse.Namespace) -> str:
    """Where PDBs and images are looked for: ``-y``, else _NT_SYMBOL_PATH; nowhere with
    ``--no-symbols``."""
    return symbol_path_text(_symbols(arguments))


def refuse_target(arguments: argparse.Namespace, why: str) -> None:
    """Of a command line that names what is read in place of a target: raises BadArgument where it
    names a target, too."""
    if arguments.dump or arguments.connect:
        raise BadArgument(f"{why}: without -z and --connect")


def target_of(arguments: argparse.Namespace) -> Target:
    """The target of ``-z``, ``-y``, ``--engine`` and ``--connect``, by the layout of ``--layout``;
    raises TargetError when there is none, LayoutFileError when that is none of it.

    Inside WinDbg neither is needed: the target is the session.
    """
    dump: str | None = arguments.dump
    if dump and "?" in dump and inside_debugger():  # in no Windows path
        raise TargetError(
            f"{dump}: the debugger has put ? for what its code page does not have; give the file "
            "another name, or a folder without such characters"
        )
    if arguments.connect:
        _mute_engine()
    target = open_target(
        dump,
        _symbols(arguments),
        engine=arguments.engine,
        connect=arguments.connect,
        on_download=_Download(),
    )
    if arguments.layout:
        from pathlib import Path  # noqa: PLC0415 - 3 ms

        from ..kernel.layout_file import use_layout_file  # noqa: PLC0415 - seldom wanted

        try:
            use_layout_file(target, Path(arguments.layout))
        except RegcbError:
            target.close()
            raise
    return target


def _mute_engine() -> None:
    """ntoseye writes what it does, and what the kernel prints (DbgPrint), as it is, past Python to
    the standard error's descriptor; ours is another one from now on."""
    sys.stderr.flush()
    if sys.stderr is sys.__stderr__:
        sys.stderr = open(os.dup(2), "w", buffering=1)  # noqa: PTH123, SIM115
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _symbols(arguments: argparse.Namespace) -> str | None:
    given: str | None = "" if arguments.no_symbols else arguments.symbol_path
    return given


class _Download:
    """Shows a symbol file that is being downloaded, on a terminal alone."""

    def __init__(self) -> None:
        self._name = ""
        self._bar: Any = None

    def __call__(self, name: str, received: int, size: int) -> None:
        if name != self._name:
            self._name = name
            self._bar = progress_bar(desc=name, total=size or None, unit="B", unit_scale=True)
        self._bar.update(received - self._bar.n)
        if received == size:
            self._bar.close()
