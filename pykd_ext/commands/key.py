"""``regcb key``: one registry key object, by its address or by a handle to it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command_line.arguments import BadArgument, address_argument, process_argument
from ..command_line.command import TargetCommand
from ..documents.json_text import json_text
from ..kernel.handles import SYSTEM_PROCESS, is_kernel_handle, object_of_handle
from ..kernel.key_details import read_key_details
from ..kernel.listing import target_facts
from ..kernel.processes import find_process
from ..kernel.requestor import read_requestor
from ..present.key import key_document, key_text
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
    details = read_key_details(target, _address(target, arguments))
    facts = target_facts(target)
    if arguments.json:
        output.write(json_text(key_document(facts, details)))
    else:
        output.write(key_text(facts, details))
    return 0


def _address(target: Target, arguments: argparse.Namespace) -> int:
    """Of the key object; raises what says why a handle leads to none."""
    word = address_argument(arguments.key, target.architecture)
    if arguments.process is not None:
        process_id = process_argument(arguments.process)
    elif is_kernel_handle(target, word):
        process_id = SYSTEM_PROCESS
    elif target.memory.is_user(word):
        process_id = _stopped_process_id(target, arguments)
    else:
        return word
    return object_of_handle(target, find_process(target, process_id), word)


def _stopped_process_id(target: Target, arguments: argparse.Namespace) -> int:
    requestor = read_requestor(target)
    if requestor is None or requestor.process_id is None:
        raise BadArgument(
            f"{arguments.key} is no kernel address, and as a handle it needs its process: "
            "--process PID"
        )
    return requestor.process_id


COMMAND = TargetCommand(
    "one registry key: its path, state, creator and what callbacks remember of it",
    group="decode",
    add_arguments=add_arguments,
    run=run,
)
