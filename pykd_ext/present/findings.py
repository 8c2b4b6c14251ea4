"""What triage found, as lines: the gravest first, what is usual last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..documents.text import printable
from ..kernel.listing import problems_of_callbacks
from ..triage.check import Triage
from ..triage.finding import SEVERITIES, Finding, Remark
from .evidence import next_commands
from .table import headline
from .text import link

__all__ = ["WIDTH", "findings_text"]

WIDTH = 120  # columns, where there is room for them
_INDENT = " " * 8


def findings_text(triage: Triage, columns: int = WIDTH) -> str:
    """The headline, how many of which severity, then each finding with its doubt and next step, and
    the remarks, broken into lines of so many ``columns``."""
    lines = [headline(triage.listing), _summary(triage), ""]
    for finding in triage.findings:
        lines += _lines(finding, columns)
    for remark in triage.remarks:
        lines += _remark(remark, columns)
    problems = [*triage.listing.problems, *problems_of_callbacks(triage.listing)]
    lines += (f"! {printable(each.where)}: {printable(each.what)}" for each in problems)
    lines += (f"! {printable(each)}" for each in triage.problems)
    return "\n".join(lines).rstrip("\n")


def _summary(triage: Triage) -> str:
    counts = [
        (sum(each.severity == severity for each in triage.findings), severity)
        for severity in SEVERITIES
    ]
    return f"findings: {', '.join(f'{count} {name}' for count, name in counts if count) or 'none'}"


def _lines(finding: Finding, columns: int) -> Iterator[str]:
    about = "" if finding.callback is None else f"#{finding.callback} "
    said = f"{finding.severity.upper():<8}{about}{finding.id}: {finding.summary}"
    yield from _wrapped(said, columns)
    if finding.doubt:
        yield from _wrapped(f"{_INDENT}but: {finding.doubt}", columns)
    yield f"{_INDENT}next: {_next(finding)}"


def _next(finding: Finding) -> str:
    """As many commands as a wide line takes, between commas."""
    room = WIDTH - len(f"{_INDENT}next: ")
    shown: list[str] = []
    for command in next_commands(finding):
        room -= len(command) + len(", ")
        if shown and room < 0:
            break
        shown.append(link(printable(command), command))
    return ", ".join(shown)


def _remark(remark: Remark, columns: int) -> list[str]:
    about = "" if remark.callback is None else f"#{remark.callback} "
    return _wrapped(f"usual   {about}{remark.id}: {remark.summary}: {remark.why}", columns)


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(
        printable(text), columns, subsequent_indent=_INDENT, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip
