"""``regcb who-blocks``: who refuses what is asked of a key, in one answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command_line.command import LiveCommand
from ..command_line.live_run import (
    add_boot,
    add_duration,
    nearest_paths,
    require_initial_break,
    say_what_is_meant,
    say_what_is_missed,
    say_what_passes,
    say_why,
)
from ..command_line.user_function import add_python, user_function
from ..documents.operation import operation_document
from ..documents.text import printable
from ..kernel.listing import target_facts
from ..live.answer import AnswerSearch, KernelRefused
from ..live.breakpoints import can_stay
from ..live.globs import KeyGlob, value_pattern
from ..live.refusal_stop import RefusalStop
from ..live.refused_key import security_of_refused
from ..live.returns import place, places_of
from ..live.trace import Filters, Traced, Tracer
from ..present.answer import answer_text
from ..present.output import Output
from ..present.text import link
from ..target.architecture import ARCHITECTURES

if TYPE_CHECKING:
    from ..kernel.security_descriptor import SecurityDescriptor
    from ..target.live import LiveTarget

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
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--thorough",
        action="store_true",
        help="look at what no callback refuses, too: what the kernel itself does, values that are "
        "changed after they were written; a stop for every operation",
    )
    how.add_argument(
        "--stop",
        action="store_true",
        help="leave the target in the callback, as it refuses; a stop for every verdict",
    )
    add_python(parser)
    add_boot(parser)
    add_duration(parser)


def run(target: LiveTarget, arguments: argparse.Namespace, output: Output) -> int:
    on_operation = user_function(arguments.python, otherwise=True)
    keys = (KeyGlob(arguments.key),)
    say_what_is_meant(output, keys)
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

    def report(traced: Traced) -> bool:
        return on_operation(operation_document(traced)) and search.add(traced)

    tracer = Tracer(target, filters, report, stack=True)
    if arguments.boot:
        require_initial_break(tracer.names.listing)
    placement = place(target)
    say_what_is_missed(output, placement, tracer.names.listing, arguments.boot)
    places = places_of(placement, each=False)
    say_what_passes(output, target, all(can_stay(target, each) for each in places))
    callbacks = [each.callback for each in tracer.names.listing.entries]
    stop = RefusalStop(target, callbacks, filters.numbers, tracer.refusal)
    why = (stop if arguments.stop else tracer).run(placement, arguments.seconds)
    found = search.answer
    if found is not None:
        security: SecurityDescriptor | str = ""
        if isinstance(found, KernelRefused):
            security = security_of_refused(target, tracer, found.traced[0])
        output.write(answer_text(facts, found, security))
        if arguments.stop:
            _say_where(output, target, stop.is_in_callback)
    nothing = f"nothing was refused of {arguments.key}"
    if tracer.others:
        nothing += f", but {tracer.others} operations elsewhere"
    status = say_why(output, target, why, "found" if found else nothing)
    nearest.end()
    if found is None:
        output.write(f"! {_NOT_SEEN if arguments.thorough else _NOT_LOOKED_AT}")
    return 0 if found else status or _NOT_FOUND


def _say_where(output: Output, target: LiveTarget, is_in_callback: bool) -> None:
    """Where ``--stop`` has left the target, and what to type there."""
    counter = target.register(ARCHITECTURES[target.architecture].program_counter)
    place = printable(str(target.nearest_symbol(counter) or f"{counter:#x}"))
    words = ["k", "r", "ub @$ip", "u @$ra"]
    where = f"at its return ({place})"
    if not is_in_callback:
        words.remove("u @$ra")
        where = f"behind its call, in the kernel ({place})"
        output.write("! how it returns is not known: some registers may be the kernel's already")
    commands = ", ".join(link(each, each) for each in words)
    output.write(f"stopped {where}; look around: {commands}")


COMMAND = LiveCommand(
    "wait for a key's next refusal and name who refused it",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
