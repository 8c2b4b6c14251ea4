"""What triage found, as lines: the gravest first, what is usual last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..documents.text import printable
from ..triage.check import Triage
from ..triage.finding import SEVERITIES, Finding, Remark
from .evidence import next_commands
from .table import headline
from .text import link

__all__ = ["findings_text"]

_WIDTH = 120  # columns
_INDENT = " " * 8


def findings_text(triage: Triage) -> str:
    """The headline, how many of which severity, then each finding with its doubt and next step, and
    the remarks."""
    lines = [headline(triage.listing), _summary(triage), ""]
    for finding in triage.findings:
        lines += _lines(finding)
    for remark in triage.remarks:
        lines += _remark(remark)
    lines += (
        f"! {printable(each.where)}: {printable(each.what)}" for each in triage.listing.problems
    )
    lines += (f"! {printable(each)}" for each in triage.problems)
    return "\n".join(lines).rstrip("\n")


def _summary(triage: Triage) -> str:
    counts = [
        (sum(each.severity == severity for each in triage.findings), severity)
        for severity in SEVERITIES
    ]
    return f"findings: {', '.join(f'{count} {name}' for count, name in counts if count) or 'none'}"


def _lines(finding: Finding) -> Iterator[str]:
    about = "" if finding.callback is None else f"#{finding.callback} "
    yield from _wrapped(f"{finding.severity.upper():<8}{about}{finding.id}: {finding.summary}")
    if finding.doubt:
        yield from _wrapped(f"{_INDENT}but: {finding.doubt}")
    yield f"{_INDENT}next: {_next(finding)}"


def _next(finding: Finding) -> str:
    """As many commands as the line takes, between commas."""
    room = _WIDTH - len(f"{_INDENT}next: ")
    shown: list[str] = []
    for command in next_commands(finding):
        room -= len(command) + len(", ")
        if shown and room < 0:
            break
        shown.append(link(printable(command), command))
    return ", ".join(shown)


def _remark(remark: Remark) -> list[str]:
    about = "" if remark.callback is None else f"#{remark.callback} "
    return _wrapped(f"usual   {about}{remark.id}: {remark.summary}: {remark.why}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        printable(text), _WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip
