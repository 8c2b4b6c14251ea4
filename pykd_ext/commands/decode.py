"""``regcb decode``: what a callback is told, here or at any address."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import decode
from ..command_line.arguments import address_argument
from ..command_line.command import TargetCommand
from ..documents.json_text import json_text
from ..documents.notification import notification_document
from ..kernel.listing import target_facts
from ..notify.decode import DATA_LIMIT
from ..notify.notification_call import NotificationCall
from ..present.notification import notification_text
from ..present.output import Output

if TYPE_CHECKING:
    from .. import NotificationCall
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
    facts = target_facts(target)  # first: what is wrong with it is among the problems
    found = _read(target, arguments)
    if arguments.json:
        output.write(json_text(notification_document(facts, found)))
    else:
        output.write(notification_text(facts, found, arguments.full))
    return 0


def _read(target: Target, arguments: argparse.Namespace) -> NotificationCall:
    address = arguments.address
    return decode(
        target,
        arguments.notify_class,
        None if address is None else address_argument(address, target.architecture),
        internal=arguments.internal,
        force=arguments.force,
        data_limit=_FULL_LIMIT if arguments.full else DATA_LIMIT,
    )


COMMAND = TargetCommand(
    "what a callback is told, at the stop or at an address",
    group="decode",
    add_arguments=add_arguments,
    run=run,
)
