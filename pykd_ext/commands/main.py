"""From the words of a command line to an exit status: 0 done, 2 usage or no target, 6 one that is
gone.

Nobody sees a traceback: every RegcbError becomes one line.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from .. import __version__
from ..present.output import Output, OutputError
from ..target.errors import ConnectionLost, RegcbError
from . import COMMANDS
from .open_target import open_target

__all__ = ["main"]

USAGE_ERROR = 2
_GONE = 6
_HELP_WIDTH = 100  # columns


class _Usage(Exception):
    """A command line that cannot be understood."""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would end the process, which inside WinDbg is the debugger's.

    Its width is fixed, since asking the terminal for it loads shutil and with it three archivers.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_formatter, **options)

    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message} (regcb --help shows how)")


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=_HELP_WIDTH)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; ``argv`` without the program's name, sys.argv's when None."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(sys.stdout, _own_command())
    try:
        status = _run(words, output)
        output.flush()
        return status
    except OutputError as error:
        _abandon_output()
        output.error(f"regcb: {error}")
    except ConnectionLost as error:
        output.error(f"regcb: {error}")
        return _GONE
    except (_Usage, RegcbError) as error:
        output.error(f"regcb: {error}")
    except (KeyboardInterrupt, SystemExit):
        # Ctrl+C; inside WinDbg, Ctrl+Break comes as SystemExit (pykd-ext, windbgext.cpp).
        output.error("regcb: interrupted")
    except BrokenPipeError:  # the reader (head, less) has gone
        _abandon_output()
    return USAGE_ERROR


def _abandon_output() -> None:
    """Keeps the interpreter from trying again, and from saying so, at exit."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115


def _own_command() -> str:
    """What starts regcb again in WinDbg: the bootstrapper gives a script its whole path, and a
    module an empty one."""
    python = f"!py -{sys.version_info[0]}.{sys.version_info[1]}"
    script = sys.argv[0] if sys.argv else ""
    return f'{python} "{script}"' if script.endswith(".py") else f"{python} -m pykd_ext"


def _run(words: list[str], output: Output) -> int:
    try:
        arguments = _parser(words).parse_args(words)
    except SystemExit:  # --help and --version have printed what they had to
        return 0
    if arguments.command is None:
        raise _Usage(f"which command? One of: {', '.join(COMMANDS)}")
    command = _module(arguments.command)
    run: Callable[..., int] = command.run
    if not getattr(command, "NEEDS_TARGET", True):
        return run(None, arguments, output)
    target = open_target(arguments)
    try:
        return run(target, arguments, output)
    finally:
        target.close()


def _module(name: str) -> Any:
    """The file of a command: who_blocks.py of who-blocks."""
    return import_module(f".{name.replace('-', '_')}", __package__)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="regcb",
        description="Windows registry callbacks: who is on the other side of a registry write.",
        parents=[_common(None)],
    )
    parser.add_argument("--version", action="version", version=f"regcb {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, summary in COMMANDS.items():
        if name not in words:
            commands.add_parser(name, help=summary)  # named in the help, not to be run
            continue
        # A second set of the common options lets them stand behind the command; SUPPRESS keeps
        # its defaults from undoing what stood before it.
        common = _common(argparse.SUPPRESS)
        command = commands.add_parser(name, help=summary, description=summary, parents=[common])
        _module(name).add_arguments(command)
    return parser


def _common(default: str | None) -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument(
        "-z", dest="dump", metavar="DUMP", default=default, help="open this crash dump"
    )
    common.add_argument(
        "-y",
        dest="symbol_path",
        metavar="PATH",
        default=default,
        help="symbol path: folders and srv*cache*server, with ; between; else _NT_SYMBOL_PATH",
    )
    common.add_argument(
        "--no-symbols",
        action="store_true",
        default=default,
        help="use no PDB: find the callback list by the kernel's code",
    )
    common.add_argument(
        "--layout",
        metavar="FILE",
        default=default,
        help="read callbacks by the layout of this file of regcb verify --json, not the table's",
    )
    common.add_argument(
        "--engine",
        choices=("none", "pykd"),
        default=default,
        help="none reads a dump by itself, pykd asks Microsoft's debugger engine",
    )
    return common
