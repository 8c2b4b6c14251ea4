"""``regcb list``: every registry callback, in the order in which the kernel calls them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import callbacks
from ..command_line.arguments import count_argument
from ..command_line.command import TargetCommand
from ..kernel.callbacks import DEFAULT_LIMIT
from ..present.output import Output

if TYPE_CHECKING:
    from .. import Listing
    from ..target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON (regcb.callbacks/1)")
    form.add_argument("--csv", action="store_true", help="as CSV")
    form.add_argument("--wide", action="store_true", help="more columns, nothing shortened")
    parser.add_argument(
        "--limit",
        type=count_argument,
        default=DEFAULT_LIMIT,
        metavar="N",
        help="read at most N entries (default: %(default)s)",
    )
    parser.add_argument(
        "--carve", action="store_true", help="and search for callbacks that are on no list"
    )


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    read = _with_carved if arguments.carve else _listed
    listing = read(target, arguments.limit)
    if arguments.json:
        from ..documents.callbacks import callbacks_document  # noqa: PLC0415
        from ..documents.json_text import json_text  # noqa: PLC0415

        output.write(json_text(callbacks_document(listing)))
    elif arguments.csv:
        from ..documents.csv_table import callbacks_csv  # noqa: PLC0415

        output.write(callbacks_csv(listing))
        _say_problems(listing, output)
    else:
        from ..present.table import callbacks_table  # noqa: PLC0415
        from ..triage.glance import glance  # noqa: PLC0415

        output.write(callbacks_table(listing, arguments.wide, glance(target, listing)))
    return 0


def _say_problems(listing: Listing, output: Output) -> None:
    """Those of the list as a whole are no row's."""
    from ..documents.text import printable  # noqa: PLC0415

    for where, what in listing.problems:
        output.error(f"regcb: {printable(where)}: {printable(what)}")


def _listed(target: Target, limit: int) -> Listing:
    return callbacks(target, limit=limit)


def _with_carved(target: Target, limit: int) -> Listing:
    from ..command_line.progress import bytes_bar  # noqa: PLC0415

    with bytes_bar("searching") as progress:
        return callbacks(target, limit=limit, carve=True, progress=progress)


COMMAND = TargetCommand(
    "the table of registry callbacks",
    group="look",
    add_arguments=add_arguments,
    run=run,
)
