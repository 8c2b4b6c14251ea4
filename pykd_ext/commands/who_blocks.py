"""``regcb who-blocks``: who refuses what is asked of a key, in one answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import trace
from ..command_line.command import LiveCommand
from ..command_line.live_run import (
    add_boot,
    add_duration,
    nearest_said,
    report_end,
    require_initial_break,
    say_what_is_meant,
    say_what_is_missed,
)
from ..command_line.user_function import add_python, user_function
from ..documents.operation import operation_document
from ..documents.text import counted, printable
from ..kernel.listing import target_facts
from ..kernel.process_identity import read_process_identity
from ..live.answer import AnswerSearch, KernelRefused, asked
from ..present.answer import answer_text
from ..present.identity import identity_text
from ..present.output import Output
from ..present.text import link
from ..target.architecture import ARCHITECTURES
from ..target.errors import BadArgument

if TYPE_CHECKING:
    from .. import Operation
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
    if arguments.stop and target.is_ours:
        raise BadArgument("--stop leaves the target to a debugger, and here regcb is that itself")
    facts = target_facts(target)
    operations = trace(
        target,
        keys=[arguments.key],
        value=arguments.value,
        only_blocked=not arguments.thorough,
        or_bypassed=True,
        stack=True,
        in_callback=arguments.stop,
        seconds=arguments.seconds,
        on_nearest=nearest_said(output, [arguments.key]),
    )
    search = AnswerSearch()

    def report(operation: Operation) -> bool:
        say_problems()
        return on_operation(operation_document(operation)) and search.add(operation)

    if arguments.boot:
        require_initial_break(operations.listing)
    say_what_is_meant(output, operations.keys)
    say_problems = say_what_is_missed(output, operations, arguments.boot)
    why = operations.run(report)
    say_problems()
    found = search.answer
    if found is not None:
        security: SecurityDescriptor | str = ""
        if isinstance(found, KernelRefused):
            security = operations.security_of(found.traced[0])
        output.write(answer_text(facts, found, security))
        _say_who_asked(output, target, asked(found))
        if arguments.stop:
            _say_where(output, target, operations.is_in_callback)
    nothing = f"nothing was refused of {arguments.key}"
    if operations.others:
        nothing += f", but {counted(operations.others, 'operation')} elsewhere"
    status = report_end(output, target, why, "found" if found else nothing)
    operations.end_nearest()
    if found is None:
        output.write(f"! {_NOT_SEEN if arguments.thorough else _NOT_LOOKED_AT}")
    return 0 if found else status or _NOT_FOUND


def _say_who_asked(output: Output, target: LiveTarget, operation: Operation) -> None:
    requestor = operation.requestor
    if requestor is None or requestor.process is None:
        return
    output.write(identity_text(requestor, read_process_identity(target, requestor.process)))


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
