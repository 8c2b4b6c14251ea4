"""``regcb trace``: registry operations as they happen, with every callback's verdict."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command_line.arguments import process_argument
from ..command_line.command import LiveCommand
from ..command_line.live_run import (
    add_boot,
    add_limits,
    nearest_paths,
    require_initial_break,
    say_what_is_meant,
    say_what_is_missed,
    say_what_passes,
    say_why,
)
from ..command_line.user_function import add_python, user_function
from ..documents.json_log import JsonLog
from ..documents.operation import operation_document
from ..kernel.listing import target_facts
from ..live.breakpoints import can_stay
from ..live.globs import KeyGlob, name_pattern, process_pattern, value_pattern
from ..live.policy import PRE_CLASSES
from ..live.returns import place, places_of
from ..live.trace import Filters, Traced, Tracer
from ..notify.class_names import class_given
from ..present.operation import traced_text
from ..present.output import Output

if TYPE_CHECKING:
    from ..target.live import LiveTarget


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
    parser.add_argument("--jsonl", metavar="FILE", help="regcb.operation/1, a line an operation")
    add_python(parser)
    add_boot(parser)
    add_limits(parser, "operations")


def run(target: LiveTarget, arguments: argparse.Namespace, output: Output) -> int:
    on_operation = user_function(arguments.python)
    filters = _filters(arguments)
    say_what_is_meant(output, filters.keys)
    nearest = nearest_paths(output, filters.keys)
    filters = filters._replace(nearest=nearest)
    facts = target_facts(target)
    count = 0

    def report(traced: Traced) -> bool:
        nonlocal count
        count += 1
        document = operation_document(traced)
        log.write(document)
        if not arguments.jsonl:
            output.write(traced_text(facts, traced))
        return on_operation(document) or bool(count == arguments.count)

    tracer = Tracer(target, filters, report, each=arguments.each)
    if arguments.boot:
        require_initial_break(tracer.names.listing)
    placement = place(target)
    say_what_is_missed(output, placement, tracer.names.listing, arguments.boot)
    places = places_of(placement, arguments.each or bool(arguments.owner))
    say_what_passes(output, target, all(can_stay(target, each) for each in places))
    with JsonLog(arguments.jsonl) as log:
        why = tracer.run(placement, arguments.seconds)
    others = f", {tracer.others} did not fit" if tracer.others else ""
    status = say_why(output, target, why, f"{count} operation{'s' * (count != 1)}{others}")
    nearest.end()
    return status


def _filters(arguments: argparse.Namespace) -> Filters:
    process = arguments.process
    is_number = process is not None and process[:1].isdigit() and "." not in process
    return Filters(
        numbers=_numbers(arguments.classes),
        only_blocked=arguments.only_blocked,
        process_name=process_pattern(process) if process and not is_number else None,
        process_id=process_argument(process) if is_number else None,
        thread_id=process_argument(arguments.thread, "thread") if arguments.thread else None,
        keys=tuple(map(KeyGlob, arguments.keys or ())),
        value=value_pattern(arguments.value) if arguments.value is not None else None,
        owner=name_pattern(arguments.owner) if arguments.owner else None,
    )


def _numbers(words: list[str] | None) -> frozenset[int]:
    """A post class means its operation."""
    if not words:
        return PRE_CLASSES
    found = [class_given(word) for word in words]
    return frozenset(
        each.pair if each.phase == "post" and each.pair is not None else each.number
        for each in found
    )


COMMAND = LiveCommand(
    "registry operations through all their callbacks",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
