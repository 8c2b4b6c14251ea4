"""``regcb doctor``: looks at the place that it runs in, and says what to do."""

from __future__ import annotations

import argparse
from textwrap import wrap

from ..command_line.command import Command
from ..command_line.surroundings import look_around
from ..documents.text import printable
from ..present.output import Output

_LINE = 120  # columns, where there is room for them
_WIDTH = 18  # of what was looked at
_INDENT = " " * (_WIDTH + 3)


def add_arguments(_: argparse.ArgumentParser) -> None:
    """The common ones say which target and symbols are meant."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    status, room = 0, output.columns(_LINE) - len(_INDENT)
    for look in look_around(arguments):
        mark = "!" if look.do else " "
        found = wrap(printable(look.found), room) or [""]
        text = f"\n{_INDENT}".join(found)
        output.write(f"{mark} {look.what:{_WIDTH}} {text}")
        if look.do:
            status = 1
            output.write(f"{_INDENT}-> {look.do}")
    return status


COMMAND = Command(
    "looks at Python, the debugger, symbols and the target, and says what to do",
    group="setup",
    add_arguments=add_arguments,
    run=run,
)
