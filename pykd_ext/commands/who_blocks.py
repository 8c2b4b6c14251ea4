"""``regcb who-blocks``: who refuses what is asked of a key, in one answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..kernel.listing import target_facts
from ..live.globs import value_pattern
from ..live.returns import place
from ..live.trace import Filters, Traced, Tracer
from ..present.operation import refusal_text
from ..present.output import Output
from .arguments import key_argument
from .live_target import add_duration, live_target, nearest_paths, say_what_is_missed, say_why

if TYPE_CHECKING:
    from ..target import Target

_NOT_FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help="full path; * and ** as in trace --key")
    parser.add_argument("--value", metavar="NAME", help="only what is asked of this value")
    add_duration(parser)


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    live = live_target(target, arguments)
    keys = (key_argument(arguments.key),)
    nearest = nearest_paths(output, keys)
    filters = Filters(
        only_blocked=True,
        keys=keys,
        value=value_pattern(arguments.value) if arguments.value is not None else None,
        nearest=nearest,
    )
    facts = target_facts(target)
    found: list[Traced] = []

    def report(traced: Traced) -> bool:
        found.append(traced)
        return True

    tracer = Tracer(live, filters, report, stack=True)
    placement = place(target)
    say_what_is_missed(output, placement, tracer.names.listing)
    why = tracer.run(placement, arguments.seconds)
    if found:
        output.write(refusal_text(facts, found[0]))
    nothing = f"nothing was refused of {arguments.key}"
    if tracer.others:
        nothing += f", but {tracer.others} operations elsewhere"
    status = say_why(output, live, why, "found" if found else nothing)
    nearest.end()
    return 0 if found else status or _NOT_FOUND
