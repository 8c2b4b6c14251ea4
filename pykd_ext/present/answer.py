"""The answer to "who blocks": who it was first, then all that leads to it."""

from __future__ import annotations

from collections import Counter

from ..documents.text import printable
from ..kernel.listing import TargetFacts
from ..live.answer import Answer, Blocked, Changed, KernelRefused, TakenOver
from ..live.trace import Traced
from ..notify.ntstatus import status_text
from .notification import requestor_text
from .operation import about_callback, callback_text, refusal_text, traced_text

__all__ = ["answer_text"]

_DESCRIPTOR = (
    "what the key's security descriptor says is not known here (!sd in the debugger shows one)"
)


def answer_text(facts: TargetFacts, answer: Answer) -> str:
    """``X blocks it: ...``, or who else it was."""
    if isinstance(answer, Blocked):
        return refusal_text(facts, answer.traced)
    if isinstance(answer, TakenOver):
        return _taken_over(facts, answer.traced)
    if isinstance(answer, Changed):
        return _changed(facts, answer)
    return _kernel_refused(facts, answer)


def _taken_over(facts: TargetFacts, traced: Traced) -> str:
    entry = traced.bypassed_by.entry if traced.bypassed_by else None
    owner = printable(entry.owner.name, "a callback in no loaded image") if entry else "?"
    got = "" if traced.result is None else f": {status_text(traced.result)} for the caller"
    lines = [f"{owner} takes it over (STATUS_CALLBACK_BYPASS), the kernel does nothing{got}"]
    if entry is not None:
        lines += about_callback(entry, facts)
    return "\n".join([*lines, "", traced_text(facts, traced), *_stack(traced)])


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
            *_stack(changed),
        ]
    )


def _kernel_refused(facts: TargetFacts, answer: KernelRefused) -> str:
    statuses = Counter(each.result for each in answer.traced if each.result is not None)
    said = ", ".join(
        f"{count} time{'s' * (count != 1)}: {status_text(status)}"
        for status, count in statuses.most_common()
    )
    return "\n".join(
        [
            f"no callback refused it; the kernel did, {said}",
            f"  {_DESCRIPTOR}",
            "",
            traced_text(facts, answer.traced[0]),
            *_stack(answer.traced[0]),
        ]
    )


def _stack(traced: Traced) -> list[str]:
    if not traced.stack:
        return []
    return ["", "asked for here:", *(f"  {printable(each)}" for each in traced.stack)]
