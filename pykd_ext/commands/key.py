"""``regcb key``: one registry key object, by its address or by a handle to it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import key
from ..command_line.arguments import address_argument, process_argument
from ..command_line.command import TargetCommand
from ..documents.json_text import json_text
from ..documents.key import key_document
from ..kernel.listing import target_facts
from ..present.key import key_text
from ..present.output import Output

if TYPE_CHECKING:
    from ..target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="ADDR|HANDLE", help="of a key object; both hexadecimal")
    parser.add_argument(
        "--process",
        metavar="PID",
        help="the process whose handle it is, in decimal, or hexadecimal with 0x; "
        "without it the one that the target is stopped in",
    )
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.key/1)")


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    process = None if arguments.process is None else process_argument(arguments.process)
    details = key(target, address_argument(arguments.key, target.architecture), process)
    facts = target_facts(target)
    if arguments.json:
        output.write(json_text(key_document(facts, details)))
    else:
        output.write(key_text(facts, details))
    return 0


COMMAND = TargetCommand(
    "one registry key: its path, state, creator and what callbacks remember of it",
    group="decode",
    add_arguments=add_arguments,
    run=run,
)
