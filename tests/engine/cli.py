"""The rig's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import wine
from .engine import Command, Engine
from .errors import EngineError
from .installation import install

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status, 2 when the engine cannot be had."""
    options = _parser().parse_args(arguments)
    try:
        if options.command is None:
            print(install().folder)
            return 0
        return _run((*options.command, *map(_for_windows, options.arguments)))
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine",
        description="pykd and Microsoft's debugger engine on Windows Python 3.9, under Wine.",
        epilog="Arguments that begin with / and name a file or folder that exists are given to "
        "the program as Windows writes them; so are the parts of a list of them with ; or *.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, summary in (
        ("install", None, "install the engine and say where"),
        ("run", (), "SCRIPT ARG...: run a Python script"),
        ("regcb", Engine.REGCB, "ARG...: run regcb --engine pykd"),
        ("unit", Engine.UNIT_TESTS, "run the unit tests; further arguments are pytest's"),
    ):
        # No prefix that is ever typed: every word is the program's own, -z and --help too.
        each = commands.add_parser(name, help=summary, prefix_chars="\0", add_help=False)
        each.set_defaults(command=command)
        if command is not None:
            each.add_argument("arguments", nargs="*")
    return parser


def _run(command: Command) -> int:
    with Engine.running() as engine:
        process = engine.start(command, errors_apart=False)
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
        return process.wait()


def _for_windows(argument: str) -> str:
    for separator in ";*":
        if separator in argument:
            return separator.join(map(_for_windows, argument.split(separator)))
    is_path = argument.startswith("/") and Path(argument).exists()
    return wine.windows_path(argument) if is_path else argument
