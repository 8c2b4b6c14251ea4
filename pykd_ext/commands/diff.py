"""``regcb diff``: what has changed since a saved ``list --json``."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import callbacks
from ..command_line.command import Command
from ..command_line.targets import refuse_target, target_of
from ..documents.baseline import read_baseline
from ..documents.callbacks import CallbacksDocument, callbacks_document
from ..documents.difference import compare, difference_document
from ..documents.json_text import json_text
from ..present.difference import difference_text
from ..present.output import Output
from ..target.errors import RegcbError

_DIFFERENT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "baseline",
        type=Path,
        metavar="BASELINE",
        help="a file with the output of regcb list --json",
    )
    parser.add_argument(
        "new", type=Path, nargs="?", metavar="NEW", help="another such file, instead of the target"
    )
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.difference/1)")


class NothingToCompare(RegcbError):
    """There is no callback list on one side; ``str()`` says on which."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.new:
        refuse_target(arguments, f"diff compares {arguments.baseline} with {arguments.new}")
    before = read_baseline(arguments.baseline)
    after = read_baseline(arguments.new) if arguments.new else _document_now(arguments)
    for which, document in (("the baseline", before), ("the other side", after)):
        if document["target"]["list_head"] is None:
            raise NothingToCompare(
                f"{which} is of a small memory dump, which holds no callback list: callbacks that "
                "are not in it need not be gone"
            )
    difference = compare(before, after)
    if arguments.json:
        output.write(json_text(difference_document(before, after, difference)))
    else:
        output.write(difference_text(before, after, difference, is_of_target=not arguments.new))
    return _DIFFERENT if difference else 0


def _document_now(arguments: argparse.Namespace) -> CallbacksDocument:
    with target_of(arguments) as target:
        return callbacks_document(callbacks(target))


COMMAND = Command(
    "what has changed since a saved list --json",
    group="triage",
    add_arguments=add_arguments,
    run=run,
)
