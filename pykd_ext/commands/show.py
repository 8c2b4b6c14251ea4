"""``regcb show``: everything about one callback, or about the thread and the callbacks it is in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import callbacks
from ..command_line.command import TargetCommand
from ..documents.details import details_document
from ..documents.json_text import json_text
from ..kernel.details import read_details
from ..kernel.selection import select
from ..present.details import details_text
from ..present.output import Output

if TYPE_CHECKING:
    from ..target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "callback",
        nargs="?",
        metavar="N|ADDR|NAME",
        help="its index, altitude, address, owner or function",
    )
    what.add_argument(
        "--thread",
        action="store_true",
        help="the thread that the target is stopped in, or that crashed: the callbacks it is in",
    )
    parser.add_argument(
        "--json", action="store_true", help="as JSON (regcb.callback/1, of a thread regcb.thread/1)"
    )


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    if arguments.thread:
        return _show_thread(target, arguments.json, output)
    listing = callbacks(target)
    shown = [read_details(target, entry) for entry in select(listing, arguments.callback)]
    if arguments.json:
        output.write(json_text(details_document(listing, shown)))
    else:
        output.write("\n\n".join(details_text(listing, each) for each in shown))
    return 0


def _show_thread(target: Target, as_json: bool, output: Output) -> int:
    from ..documents.thread import thread_scene_document  # noqa: PLC0415
    from ..present.thread import thread_text  # noqa: PLC0415
    from ..triage.thread_scene import read_thread_scene  # noqa: PLC0415

    scene = read_thread_scene(target)
    output.write(json_text(thread_scene_document(scene)) if as_json else thread_text(scene))
    return 0


COMMAND = TargetCommand(
    "everything about one callback",
    group="look",
    add_arguments=add_arguments,
    run=run,
)
