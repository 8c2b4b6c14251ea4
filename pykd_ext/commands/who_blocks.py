"""``regcb who-blocks``: who refuses what is asked of a key, in one answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..kernel.listing import target_facts
from ..live.answer import AnswerSearch
from ..live.globs import value_pattern
from ..live.returns import place
from ..live.trace import Filters, Tracer
from ..present.answer import answer_text
from ..present.output import Output
from .arguments import key_argument
from .live_target import add_duration, live_target, nearest_paths, say_what_is_missed, say_why

if TYPE_CHECKING:
    from ..target import Target

_NOT_FOUND = 1

_NOT_LOOKED_AT = (
    "not looked at: what the kernel itself refuses, and values that are changed after they were "
    "written; --thorough does"
)
_NOT_SEEN = (
    "not seen: what the kernel refuses before it asks any callback, such as a handle without the "
    "right that is needed"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help="full path; * and ** as in trace --key")
    parser.add_argument("--value", metavar="NAME", help="only what is asked of this value")
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="look at what no callback refuses, too: what the kernel itself does, values that are "
        "changed after they were written; a stop for every operation",
    )
    add_duration(parser)


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    live = live_target(target, arguments)
    keys = (key_argument(arguments.key),)
    nearest = nearest_paths(output, keys)
    filters = Filters(
        only_blocked=not arguments.thorough,
        or_bypassed=True,
        keys=keys,
        value=value_pattern(arguments.value) if arguments.value is not None else None,
        nearest=nearest,
    )
    facts = target_facts(target)
    search = AnswerSearch()
    tracer = Tracer(live, filters, search.add, stack=True)
    placement = place(target)
    say_what_is_missed(output, placement, tracer.names.listing)
    why = tracer.run(placement, arguments.seconds)
    found = search.answer
    if found is not None:
        output.write(answer_text(facts, found))
    nothing = f"nothing was refused of {arguments.key}"
    if tracer.others:
        nothing += f", but {tracer.others} operations elsewhere"
    status = say_why(output, live, why, "found" if found else nothing)
    nearest.end()
    if found is None:
        output.write(f"! {_NOT_SEEN if arguments.thorough else _NOT_LOOKED_AT}")
    return 0 if found else status or _NOT_FOUND
