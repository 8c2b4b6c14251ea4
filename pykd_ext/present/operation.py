"""One traced registry operation as lines."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..documents.text import address_text, printable
from ..kernel.listing import RegistryCallback, TargetFacts
from ..kernel.stack_frames import StackFrame
from ..live.operations import BLOCKED, is_failure
from ..live.traced import CallbackVerdict, Operation
from ..notify.ntstatus import status_text
from ..target.debugger_commands import module_command, unassemble_command
from .notification import operation_text, requestor_text
from .text import link

__all__ = [
    "about_callback",
    "callback_text",
    "clock_text",
    "frame_text",
    "refusal_text",
    "stack_lines",
    "traced_text",
    "whose",
]

_ALTITUDE_WIDTH, _NAME_WIDTH = 12, 40


def traced_text(facts: TargetFacts, traced: Operation) -> str:
    """Who asked for what, each callback's verdict in calling order, and what the caller got."""
    lines = [f"{clock_text(traced.time)}  {requestor_text(traced.requestor)}"]
    lines += [f"  inside {callback_text(each, facts)}" for each in traced.around]
    sentence = operation_text(traced.notified.notification, facts)
    lines += (f"  {line}" for line in sentence.splitlines())
    lines += (_verdict_line(each, facts) for each in traced.verdicts)
    lines.append(f"  => {_outcome(traced, facts)}")
    lines += (f"  ! {printable(each)}" for each in traced.notified.problems)
    return "\n".join(lines)


def clock_text(seconds: float) -> str:
    """The time of day here, ``14:03:59.125``."""
    moment = time.strftime("%H:%M:%S", time.localtime(seconds))
    return f"{moment}.{int(seconds % 1 * 1000):03d}"


def frame_text(frame: StackFrame) -> str:
    """A line of a call stack, which leads to the code behind the call."""
    return link(printable(frame.text), unassemble_command(frame.address))


def stack_lines(traced: Operation) -> list[str]:
    """An empty line and the call stack, nothing where it was not kept."""
    if not traced.stack:
        return []
    return ["", "call stack:", *(f"  {frame_text(each)}" for each in traced.stack)]


def callback_text(entry: RegistryCallback | None, facts: TargetFacts) -> str:
    """``netmon!NetMonRegFilter (netmon.sys)``."""
    if entry is None:
        return "a callback of no list"
    name = _function(entry, facts)
    nowhere = "no loaded image" if entry.owner.state == "none" else "its owner is unknown"
    owner = printable(entry.owner.name, nowhere)
    return f"{link(name, f'regcb show {entry.block.address:#x}')} ({owner})"


def whose(entry: RegistryCallback | None) -> str:
    """The driver that it is a callback of: the file's name, or what is known of that."""
    if entry is None:
        return "?"
    nowhere = "in no loaded image" if entry.owner.state == "none" else "whose owner is not known"
    return printable(entry.owner.name, f"a callback {nowhere}")


def _function(entry: RegistryCallback, facts: TargetFacts) -> str:
    address = address_text(entry.block.function, facts.architecture)
    return printable(entry.function_symbol, address)


def _verdict_line(judged: CallbackVerdict, facts: TargetFacts) -> str:
    verdict, entry = judged
    altitude = printable(entry.block.altitude) if entry else "?"
    name = _function(entry, facts) if entry else address_text(verdict.block, facts.architecture)
    command = f"regcb show {verdict.block:#x}"
    gap = " " * max(_NAME_WIDTH - len(name), 0)
    return (
        f"  {verdict.phase:<4}  {altitude:<{_ALTITUDE_WIDTH}}  {link(name, command)}{gap}  "
        f"{verdict.verdict}{_detail(judged)}"
    ).rstrip()


def _detail(judged: CallbackVerdict) -> str:
    verdict = judged.verdict
    if verdict.phase == "post":
        return f" to {status_text(verdict.return_status or 0)}" * (verdict.verdict == "overruled")
    return f": {status_text(verdict.status)}" if verdict.status else ""


def _outcome(traced: Operation, facts: TargetFacts) -> str:
    """What the caller got, and who had it so."""
    if traced.result is None:
        return "its end was not seen"
    result = status_text(traced.result)
    if traced.blocked_by:
        refused = f"refused by {callback_text(traced.blocked_by.callback, facts)}"
        if traced.turned_by and not is_failure(traced.result):
            turned = callback_text(traced.turned_by.callback, facts)
            return f"{result}: {refused}, made a success by {turned}"
        return f"{result}: {refused}"
    if traced.bypassed_by:
        return f"{result}: done by {callback_text(traced.bypassed_by.callback, facts)}"
    return result


def refusal_text(facts: TargetFacts, traced: Operation) -> str:
    """The answer to "who blocks": the driver first, then all that leads to it."""
    judged = traced.blocked_by
    if judged is None:
        return traced_text(facts, traced)
    verdict, entry = judged
    status = verdict.status if verdict.verdict == BLOCKED else verdict.return_status or 0
    owner = whose(entry)
    lines = [f"{owner} blocks it: {status_text(status)} ({status:#010x})"]
    if entry is not None:
        lines += about_callback(entry, facts)
    lines += ["", traced_text(facts, traced), *stack_lines(traced)]
    return "\n".join(lines)


def about_callback(entry: RegistryCallback, facts: TargetFacts) -> Iterator[str]:
    """Lines: its function, altitude and driver."""
    yield f"  function  {callback_text(entry, facts)}"
    yield f"  altitude  {printable(entry.block.altitude)}"
    if entry.owner.path:
        command = module_command(entry.owner.module)
        yield f"  driver    {link(printable(entry.owner.path), command)}"
