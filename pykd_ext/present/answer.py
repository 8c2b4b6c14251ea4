"""The answer to "who blocks": who it was first, then all that leads to it."""

from __future__ import annotations

from collections import Counter

from ..documents.text import counted, printable
from ..kernel.listing import TargetFacts
from ..kernel.security_descriptor import SecurityDescriptor
from ..live.answer import Answer, Blocked, Changed, KernelRefused, TakenOver
from ..live.traced import Operation
from ..notify.ntstatus import status_text
from .notification import requestor_text
from .operation import about_callback, callback_text, refusal_text, stack_lines, traced_text, whose
from .security import security_lines

__all__ = ["answer_text"]


def answer_text(facts: TargetFacts, answer: Answer, security: SecurityDescriptor | str = "") -> str:
    """``X blocks it: ...``, or who else it was. ``security`` is of the key that the kernel itself
    refuses, or why that is not known."""
    if isinstance(answer, Blocked):
        return refusal_text(facts, answer.traced)
    if isinstance(answer, TakenOver):
        return _taken_over(facts, answer.traced)
    if isinstance(answer, Changed):
        return _changed(facts, answer)
    return _kernel_refused(facts, answer, security)


def _taken_over(facts: TargetFacts, traced: Operation) -> str:
    entry = traced.bypassed_by.callback if traced.bypassed_by else None
    owner = whose(entry)
    got = "" if traced.result is None else f": {status_text(traced.result)} for the caller"
    lines = [f"{owner} takes it over (STATUS_CALLBACK_BYPASS), the kernel does nothing{got}"]
    if entry is not None:
        lines += about_callback(entry, facts)
    return "\n".join([*lines, "", traced_text(facts, traced), *stack_lines(traced)])


def _changed(facts: TargetFacts, answer: Changed) -> str:
    changed = answer.changed
    who = requestor_text(changed.requestor)
    if changed.around:
        who = f"{callback_text(changed.around[0], facts)}, in {who}"
    when = "while it was written, before or after that" if answer.is_during else "afterwards"
    return "\n".join(
        [
            f"nothing was refused, but the value was changed {when}, by {who}",
            "",
            traced_text(facts, answer.written),
            "",
            traced_text(facts, changed),
            *stack_lines(changed),
        ]
    )


def _kernel_refused(
    facts: TargetFacts, answer: KernelRefused, security: SecurityDescriptor | str
) -> str:
    statuses = Counter(each.result for each in answer.traced if each.result is not None)
    said = ", ".join(
        f"{counted(count, 'time')}: {status_text(status)}"
        for status, count in statuses.most_common()
    )
    return "\n".join(
        [
            f"no callback refused it; the kernel did, {said}",
            *_security(security),
            "",
            traced_text(facts, answer.traced[0]),
            *stack_lines(answer.traced[0]),
        ]
    )


def _security(security: SecurityDescriptor | str) -> list[str]:
    if isinstance(security, str):
        return [f"  ! {printable(security)}"]
    return [
        "  the key's security descriptor:",
        *(f"    {each}" for each in security_lines(security)),
    ]
