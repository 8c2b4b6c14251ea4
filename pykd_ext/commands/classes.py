"""``regcb classes``: what a callback can be told, and the structure that comes with it."""

from __future__ import annotations

import argparse

from ..command_line.command import Command
from ..documents.classes import classes_document
from ..documents.json_text import json_text
from ..notify.class_names import class_given
from ..notify.classes import CLASSES
from ..present.classes import class_text, classes_table
from ..present.output import Output
from ..target.errors import BadArgument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notify_class",
        nargs="?",
        metavar="NAME|NUMBER",
        help="explain this one: RegNtPreSetValueKey, SetValueKey, 1",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON (regcb.classes/1)")
    form.add_argument("--wide", action="store_true", help="more columns, nothing shortened")


def run(arguments: argparse.Namespace, output: Output) -> int:
    shown = CLASSES
    if arguments.notify_class is not None:
        about = class_given(arguments.notify_class)
        if not about.is_known:
            raise BadArgument(
                f"notify class {about.number} is not known: 0 to {len(CLASSES) - 1} are"
            )
        shown = (about,)
    if arguments.json:
        output.write(json_text(classes_document(shown)))
    elif arguments.notify_class is not None:
        output.write(class_text(shown[0]))
    else:
        output.write(classes_table(shown, arguments.wide))
    return 0


COMMAND = Command(
    "what a callback can be told, and the structures",
    group="decode",
    add_arguments=add_arguments,
    run=run,
)
