"""``regcb altitude``: to whom Microsoft has allocated an altitude, or which ones a driver has."""

from __future__ import annotations

import argparse
import re

from ..command_line.command import Command
from ..documents.altitudes import altitudes_document
from ..documents.json_text import json_text
from ..documents.text import printable
from ..present.altitudes import NO_PROOF, allocations_table
from ..present.output import Output
from ..triage.altitudes import Allocation, find, group_of, neighbours, search

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "altitude",
        metavar="ALTITUDE|NAME",
        help="328010, or a part of a driver's or company's name",
    )
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.altitudes/1)")


def run(arguments: argparse.Namespace, output: Output) -> int:
    asked = arguments.altitude
    is_number = _NUMBER.fullmatch(asked) is not None
    found = find(asked) if is_number else search(asked)
    group = group_of(asked) if is_number else None
    if arguments.json:
        output.write(json_text(altitudes_document(asked, found, group)))
    elif found:
        output.write(allocations_table(found, group))
    else:
        output.write(f"{_not_found(asked, is_number)}\n{NO_PROOF}")
    return 0


def _not_found(asked: str, is_number: bool) -> str:
    if not is_number:
        return f"no driver and no company is called like '{printable(asked)}'"
    group = group_of(asked)
    above, below = neighbours(asked)
    return (
        f"{asked} is allocated to nobody\n"
        f"load order group {group.name if group else '(none)'}\n"
        f"next above: {_named(above)}\n"
        f"next below: {_named(below)}"
    )


def _named(allocation: Allocation | None) -> str:
    return f"{allocation.altitude} {allocation.driver_file}" if allocation else "none"


COMMAND = Command(
    "to whom Microsoft has allocated an altitude",
    group="look",
    add_arguments=add_arguments,
    run=run,
)
