"""``regcb trace``: registry operations as they happen, with every callback's verdict."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from .. import trace
from ..command_line.arguments import process_argument
from ..command_line.command import LiveCommand
from ..command_line.live_run import (
    add_boot,
    add_limits,
    nearest_said,
    report_end,
    require_initial_break,
    say_what_is_meant,
    say_what_is_missed,
)
from ..command_line.user_function import add_python, user_function
from ..documents.json_text import json_line
from ..documents.line_file import LineFile
from ..documents.operation import operation_document
from ..documents.text import counted
from ..foreign_file import refuse_foreign_file
from ..kernel.listing import target_facts
from ..present.operation import traced_text
from ..present.output import Output

if TYPE_CHECKING:
    from .. import Operation
    from ..target.live import LiveTarget

_BEGINNING = '{"schema": "regcb.operation/'  # of a file of --jsonl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        metavar="CLASS",
        help="SetValueKey, RegNtPreDeleteKey, 28; may be repeated",
    )
    parser.add_argument(
        "--key",
        dest="keys",
        action="append",
        metavar="GLOB",
        help="full path from HKLM, HKU, HKCU, HKCR or \\REGISTRY; * within a name, ** across names",
    )
    parser.add_argument("--value", metavar="NAME", help="* and ? are wildcards, @ the unnamed one")
    parser.add_argument("--process", metavar="NAME|PID", help="of the process that asks")
    parser.add_argument("--thread", metavar="TID", help="of the thread that asks")
    parser.add_argument("--owner", metavar="DRIVER", help="operations that this driver has judged")
    parser.add_argument("--only-blocked", action="store_true", help="operations that were refused")
    parser.add_argument(
        "--each",
        action="store_true",
        help="every callback's verdict, at a stop each; otherwise who refuses or overrules",
    )
    parser.add_argument(
        "--jsonl",
        metavar="FILE",
        help="regcb.operation/1, a line an operation; a trace that is there is replaced",
    )
    add_python(parser)
    add_boot(parser)
    add_limits(parser, "operations")


def run(target: LiveTarget, arguments: argparse.Namespace, output: Output) -> int:
    on_operation = user_function(arguments.python)
    if arguments.jsonl:
        refuse_foreign_file(Path(arguments.jsonl), _BEGINNING)
    facts = target_facts(target)
    keys = arguments.keys or ()
    operations = trace(
        target,
        keys=keys,
        value=arguments.value,
        classes=arguments.classes or (),
        process=_process(arguments.process),
        thread_id=process_argument(arguments.thread, "thread") if arguments.thread else None,
        owner=arguments.owner,
        only_blocked=arguments.only_blocked,
        each=arguments.each,
        seconds=arguments.seconds,
        on_nearest=nearest_said(output, keys),
    )
    count = 0

    def report(operation: Operation) -> bool:
        nonlocal count
        say_problems()
        count += 1
        document = operation_document(operation)
        if log:
            log.write(json_line(document))
        else:
            output.write(traced_text(facts, operation))
        return on_operation(document) or bool(count == arguments.count)

    if arguments.boot:
        require_initial_break(operations.listing)
    say_what_is_meant(output, operations.keys)
    say_problems = say_what_is_missed(output, operations, arguments.boot)
    with ExitStack() as stack:
        log = stack.enter_context(LineFile(arguments.jsonl)) if arguments.jsonl else None
        why = operations.run(report)
    say_problems()
    others = f", {operations.others} did not fit" if operations.others else ""
    status = report_end(output, target, why, f"{counted(count, 'operation')}{others}")
    operations.end_nearest()
    return status


def _process(word: str | None) -> str | int | None:
    """The number of a process, or its name, which may begin with a digit: ``7z.exe``."""
    is_number = word is not None and word[:1].isdigit() and "." not in word
    return process_argument(word) if word is not None and is_number else word


COMMAND = LiveCommand(
    "registry operations through all their callbacks",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
