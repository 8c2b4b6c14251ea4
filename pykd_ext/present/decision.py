"""What a policy has decided, a line an operation, and what became of its rules."""

from __future__ import annotations

from collections.abc import Mapping

from ..documents.text import printable
from ..kernel.listing import TargetFacts
from ..live.guard import Decision
from ..live.pairing import GIVEN, WITHHELD
from ..live.policy import Rule
from ..notify.ntstatus import status_text
from .notification import operation_text, requestor_text
from .operation import clock_text

__all__ = ["decision_text", "rules_text"]

# What becomes of the callback's post-notification, where that is not the kernel's own course.
_POSTS = {
    GIVEN: "; it was told of the end",
    WITHHELD: "; it will not be told of the end",
}


def decision_text(facts: TargetFacts, decision: Decision) -> str:
    """Who asked for what, then the rule's line and name, and what it did."""
    sentence = operation_text(decision.notified.notification, facts)
    lines = [f"{clock_text(decision.time)}  {requestor_text(decision.requestor)}"]
    lines += (f"  {line}" for line in sentence.splitlines())
    lines.append(f"  line {decision.rule.line}: {printable(decision.rule.name)}")
    lines.append(f"  => {_effect(decision)}")
    if decision.problem:
        lines.append(f"  ! its own verdict stands: {printable(decision.problem)}")
    lines += (f"  ! {printable(each)}" for each in decision.notified.problems)
    return "\n".join(lines)


def _effect(decision: Decision) -> str:
    rule, own = decision.rule, decision.own_status
    own_text = "" if own is None else f"; the callback itself said {status_text(own)}"
    if rule.status is None:
        return f"logged{own_text}"
    done = {"allow": "allowed", "deny": "denied", "bypass": "bypassed"}[rule.action]
    if decision.problem:
        return f"not {done}{own_text}"
    would = "" if decision.is_enforced else "would be "
    post = _POSTS.get(decision.post, "")
    return f"{would}{done}: {status_text(rule.status)}{own_text}{post}"


def rules_text(counts: Mapping[Rule, int]) -> str:
    """How often each rule decided, in the policy's order."""
    lines = ["", "decided  line  rule"]
    for rule, count in counts.items():
        note = "" if count else "  (fitted nothing)"
        lines.append(f"{count:>7}  {rule.line:>4}  {rule.action}: {printable(rule.name)}{note}")
    return "\n".join(lines)
