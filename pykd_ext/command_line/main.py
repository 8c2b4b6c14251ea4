"""From the words of a command line to an exit status: 0 done, 2 usage or no target, 6 one that is
gone.

Nobody sees a traceback: every RegcbError becomes one line.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__
from ..documents.text import printable
from ..present.output import Output, OutputError, columns_of
from ..target.errors import ConnectionLost, RegcbError
from ..target.opening import ENGINES
from .catalogue import command_names, find_command, summaries
from .exit_statuses import GONE, USAGE_ERROR

__all__ = ["main"]

_HELP_WIDTH = 100  # columns at the most


class _Usage(Exception):
    """A command line that cannot be understood."""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would end the process, which inside WinDbg is the debugger's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _formatter, **options})

    def _print_message(self, message: str, file: Any = None) -> None:
        """As argparse's, which does not tell of a stream that takes no more."""
        if message:
            Output(file or sys.stderr).write(message.rstrip("\n"))

    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message} ({self.prog} --help shows how)")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse's, which answers a mistyped command with the names of all."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            raise argparse.ArgumentError(None, _no_command(value))
        super()._check_value(action, value)


class _MainParser(_Parser):
    """Reads the commands' summaries when help is asked for."""

    def format_help(self) -> str:
        self.epilog = f"{summaries()}\nregcb COMMAND --help has the options of a command"
        return super().format_help()


def _no_command(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    names = command_names()
    like = get_close_matches(word.lower(), names)
    hint = f"did you mean {' or '.join(like)}?" if like else f"one of {', '.join(names)}"
    return f"no command {word!r}: {_meant_for_z([word]) or hint}"


def _meant_for_z(words: Sequence[str]) -> str:
    """What to say where one of ``words``, which mean nothing, is a file; else nothing."""
    file = next((each for each in words if os.path.isfile(each)), None)  # noqa: PTH113
    return "" if file is None else f"-z {file} opens a dump"


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=columns_of(sys.stdout, _HELP_WIDTH))


def _verbatim_formatter(prog: str) -> argparse.HelpFormatter:
    width = columns_of(sys.stdout, _HELP_WIDTH)
    return argparse.RawDescriptionHelpFormatter(prog, width=width)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; ``argv`` without the program's name, sys.argv's when None."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(sys.stdout)
    if not output.is_debugger:
        return _guarded(words, output)
    from .ctrl_break import ctrl_break  # noqa: PLC0415 - elsewhere there is Ctrl+C

    with ctrl_break():
        return _guarded(words, output)


def _guarded(words: list[str], output: Output) -> int:
    """Errors become lines."""
    try:
        return _run(words, output)
    except OutputError as error:
        _abandon_output()
        output.error(_line(error))
    except ConnectionLost as error:
        output.error(_line(error))
        return GONE
    except (_Usage, RegcbError) as error:
        output.error(_line(error))
    except (KeyboardInterrupt, SystemExit):
        # Ctrl+C, Ctrl+Break; where the bootstrapper is heard, it says SystemExit.
        output.error("regcb: interrupted")
    except BrokenPipeError:  # the reader (head, less) has gone
        _abandon_output()
    return USAGE_ERROR


def _line(error: Exception) -> str:
    """What it says; words of a user or of a file in it may hold anything."""
    return f"regcb: {printable(str(error))}"


def _abandon_output() -> None:
    """Keeps the interpreter from trying again, and from saying so, at exit."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115


def _run(words: list[str], output: Output) -> int:
    try:
        arguments, unknown = _parser(words).parse_known_args(words)
    except SystemExit:  # --help has printed what it had to
        return 0
    if unknown:
        of_command = f" {arguments.command}" if arguments.command else ""
        hint = _meant_for_z(unknown)
        said = f"unrecognized arguments: {' '.join(unknown)}{hint and f'; {hint}'}"
        raise _Usage(f"{said} (regcb{of_command} --help shows how)")
    if output.is_debugger:
        from .own_command import own_command  # noqa: PLC0415 - elsewhere there are no links

        output.own_command = own_command(arguments)
        output.is_of_session = arguments.engine != "none"
    if arguments.version:
        from .origin import origin  # noqa: PLC0415 - reads files

        output.write(f"regcb {__version__}, {origin()}")
        return 0
    if arguments.command is None:
        names = ", ".join(command_names())
        raise _Usage(f"which command? One of: {names} (regcb --help says what each is for)")
    return find_command(arguments.command).start(arguments, output)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = _MainParser(
        prog="regcb",
        description="Windows registry callbacks: who is on the other side of a registry write.",
        formatter_class=_verbatim_formatter,
        parents=[_common(None)],
    )
    parser.add_argument(
        "--version", action="store_true", help="show the version and what it was built from"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name in command_names():
        if name not in words:  # one of those that there are, but nobody asks it to parse
            commands.choices[name] = parser
            continue
        # A second set of the common options lets them stand behind the command; SUPPRESS keeps
        # its defaults from undoing what stood before it.
        common = _common(argparse.SUPPRESS)
        about = find_command(name)
        command = commands.add_parser(name, description=about.summary, parents=[common])
        about.add_arguments(command)
    return parser


def _common(default: str | None) -> _Parser:
    parser = _Parser(add_help=False)
    common = parser.add_argument_group("options of all commands")
    common.add_argument(
        "-z",
        dest="dump",
        metavar="DUMP",
        default=default,
        help="open this crash dump or image of memory, a URL, or leechcore:DEVICE",
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
        choices=ENGINES,
        default=default,
        help=", ".join(f"{name} {what}" for name, what in ENGINES.items()),
    )
    common.add_argument(
        "--connect",
        metavar="WHERE",
        default=default,
        help="for ntoseye: kd:SOCKET, kdnet:port=PORT,key=KEY or gdb:HOST:PORT",
    )
    return parser
