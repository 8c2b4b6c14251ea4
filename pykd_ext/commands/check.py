"""``regcb check``: what is wrong with the callbacks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import findings
from ..command_line.command import TargetCommand
from ..command_line.progress import bytes_bar
from ..documents.findings import findings_document
from ..documents.json_text import json_text
from ..present.findings import WIDTH, findings_text
from ..present.output import Output

if TYPE_CHECKING:
    from .. import Triage
    from ..target import Target

_FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.findings/1)")
    search = parser.add_mutually_exclusive_group()
    search.add_argument(
        "--carve",
        action="store_true",
        help="search a live target too for callbacks that are on no list (by its threads)",
    )
    search.add_argument(
        "--no-carve", action="store_true", help="do not search a dump for them: all of it is read"
    )


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    triage = _check(target, arguments)
    if arguments.json:
        output.write(json_text(findings_document(triage)))
    else:
        output.write(findings_text(triage, output.columns(WIDTH)))
    return 0 if triage.is_clean else _FOUND


def _check(target: Target, arguments: argparse.Namespace) -> Triage:
    if arguments.no_carve or (not target.is_file and not arguments.carve):
        return findings(target, carve=False)
    with bytes_bar("searching") as progress:
        return findings(target, carve=True, progress=progress)


COMMAND = TargetCommand(
    "what is wrong with the callbacks",
    group="triage",
    add_arguments=add_arguments,
    run=run,
)
