"""``regcb show``: everything about one callback, or about the thread and the callbacks it is in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import callbacks
from ..command_line.command import TargetCommand
from ..documents.details import details_document
from ..documents.json_text import json_text
from ..kernel.details import Details, read_details
from ..kernel.listing import Listing, RegistryCallback, with_unlisted
from ..kernel.selection import parse_address, select
from ..present.details import details_text
from ..present.output import Output
from ..target.errors import TargetError
from ..target.opening import debuggers_code

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
    shown = [
        read_details(target, entry) for entry in _selected(target, listing, arguments.callback)
    ]
    if arguments.json:
        output.write(json_text(details_document(listing, shown)))
    else:
        in_session = output.is_of_session
        output.write("\n\n".join(_text(listing, each, in_session) for each in shown))
    return 0


def _selected(target: Target, listing: Listing, what: str) -> list[RegistryCallback]:
    """What is on no list is known by the address of its block alone."""
    try:
        return select(listing, what)
    except TargetError:
        address = parse_address(what, target.architecture)
        if address is None:
            raise
        from ..triage.carve import callback_at  # noqa: PLC0415 - seldom wanted

        callback = callback_at(target, listing, address)
        if callback is None:
            raise
        return with_unlisted(target, listing, [callback]).entries[-1:]


def _text(listing: Listing, details: Details, in_session: bool) -> str:
    function = details.entry.block.function
    count = len(details.instructions)
    code = debuggers_code(function, count) if in_session and function and count else []
    return details_text(listing, details, code)


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
