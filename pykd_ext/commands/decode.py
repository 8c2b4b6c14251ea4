"""``regcb decode``: what a callback is told, here or at any address."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command_line.arguments import BadArgument, address_argument, class_argument
from ..command_line.command import TargetCommand
from ..documents.json_text import json_text
from ..kernel.doubts import doubts
from ..kernel.listing import target_facts
from ..kernel.requestor import read_requestor
from ..kernel.stopped_callback import NotAtCallback, Stop, read_call_in_progress, read_stop
from ..notify.decode import DATA_LIMIT
from ..notify.occurrence import Occurrence, read_occurrence
from ..present.notification import notification_document, notification_text
from ..present.output import Output
from ..target.errors import RegcbError

if TYPE_CHECKING:
    from ..target import Target

# A value's data has 1 MB at most in the standard format ("Registry Element Size Limits").
_FULL_LIMIT = 0x10_0000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notify_class",
        nargs="?",
        metavar="CLASS",
        help="RegNtPreSetValueKey, SetValueKey, 1 (regcb classes lists them); "
        "without CLASS and ADDR: what the callback is told that the target is stopped in",
    )
    parser.add_argument("address", nargs="?", metavar="ADDR", help="of its structure")
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.notification/1)")
    parser.add_argument(
        "--full", action="store_true", help="all of a value's data, more columns, nothing shortened"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="take the registers for a callback's arguments, wherever the target is stopped",
    )
    parser.add_argument(
        "--internal",
        action="store_true",
        help="ADDR is the extended argument of one of Windows' internal callbacks",
    )


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    found = _read(target, arguments)
    found = found._replace(problems=(*found.problems, *doubts(target)))
    if found.notification.is_lost:
        raise NothingThere("; ".join(found.problems))
    facts = target_facts(target)
    if arguments.json:
        output.write(json_text(notification_document(facts, found)))
    else:
        output.write(notification_text(facts, found, arguments.full))
    return 0


class NothingThere(RegcbError):
    """No byte of a notification can be read."""


def _read(target: Target, arguments: argparse.Namespace) -> Occurrence:
    limit = _FULL_LIMIT if arguments.full else DATA_LIMIT
    if arguments.notify_class is None:
        stop, note = _stop(target, arguments.force)
        internal = arguments.internal or (stop.callback is not None and stop.callback.internal)
        found = read_occurrence(
            target,
            stop.notify_class,
            stop.information,
            callback=stop.callback,
            requestor=read_requestor(target),
            internal=internal,
            data_limit=limit,
        )
        return found._replace(problems=(*note, *found.problems))
    if arguments.address is None:
        raise BadArgument(f"decode {arguments.notify_class} at which address?")
    return read_occurrence(
        target,
        class_argument(arguments.notify_class).number,
        address_argument(arguments.address, target.architecture),
        internal=arguments.internal,
        data_limit=limit,
    )


def _stop(target: Target, force: bool) -> tuple[Stop, tuple[str, ...]]:
    """The call, and what is to be said of how it was found. Raises NotAtCallback."""
    try:
        return read_stop(target, force), ()
    except NotAtCallback:
        stop = read_call_in_progress(target)
        if stop is None:
            raise
        return stop, (
            "the thread is past the callback's start: its arguments were taken from its stack, "
            "where the callback may have written over them",
        )


COMMAND = TargetCommand(
    "what a callback is told, at the stop or at an address",
    group="decode",
    add_arguments=add_arguments,
    run=run,
)
