"""What has changed since a baseline, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tabulate import tabulate

from ..documents.callbacks import CallbacksDocument
from ..documents.difference import Change, Difference, side_problems, unread
from ..documents.text import counted, printable
from .text import cell, link

__all__ = ["difference_text"]

_WIDTHS = (7, 12, 30, 62)  # columns of the table
_PROBLEMS, _PROBLEM_WIDTH = 20, 300  # lines, columns
_TITLES = ("", "Altitude", "Function", "What")


def difference_text(
    before: CallbacksDocument,
    after: CallbacksDocument,
    difference: Difference,
    is_of_target: bool = False,
) -> str:
    """Both sides, then a row for every callback that was added, removed or changed, and what could
    not be compared. Those that are there now lead to all about them, where ``is_of_target``: what
    is now is the target's, and no document's."""
    lines = [f"before: {_side(before)}", f"now:    {_side(after)}"]
    rows = [_cells(row, is_of_target) for row in _rows(difference)]
    if rows:
        lines.append(tabulate(rows, _TITLES, tablefmt="simple", disable_numparse=True))
    else:
        lines.append("no difference")
    if difference.not_compared:
        names = ", ".join(difference.not_compared)
        lines.append(f"! not compared: {names}, which one side was written without")
    lines += _may_be_unread(before, after, difference)
    lines += _problems(before, after)
    return "\n".join(lines)


def _may_be_unread(
    before: CallbacksDocument, after: CallbacksDocument, difference: Difference
) -> Iterator[str]:
    for what, callbacks, document in (
        ("removed", difference.removed, after),
        ("added", difference.added, before),
    ):
        count = len(unread(document))
        if callbacks and count:
            side = "now" if document is after else "before"
            lost = f"{counted(count, 'callback')} could not be read {side}"
            yield f"! {lost}: what is {what} here may be there"


def _problems(before: CallbacksDocument, after: CallbacksDocument) -> Iterator[str]:
    """A baseline's are its own words."""
    problems = list(side_problems(before, after))
    sides = {"before": "before", "after": "now"}
    for each in problems[:_PROBLEMS]:
        what = cell(f"{printable(each['where'])}: {printable(each['what'])}", _PROBLEM_WIDTH)
        yield f"! {sides[each['side']]}, {what}"
    if len(problems) > _PROBLEMS:
        yield f"! and {len(problems) - _PROBLEMS} more that could not be read (--json has them)"


def _side(document: CallbacksDocument) -> str:
    target = document["target"]
    facts = ["Windows", target.get("version"), target["architecture"], target.get("path")]
    booted = target.get("boot_time")
    text = " ".join(printable(str(each)) for each in facts if each)
    count = f", {counted(len(document['callbacks']), 'callback')}"
    return f"{text}{f', booted {printable(str(booted))}' if booted else ''}{count}"


class _Row(NamedTuple):
    sign: str
    callback: Mapping[str, Any]
    what: str


def _rows(difference: Difference) -> Iterator[_Row]:
    for sign, callbacks in (("added", difference.added), ("removed", difference.removed)):
        for each in callbacks:
            yield _Row(sign, each, _owner(each))
    for change in difference.changed:
        for name in change.fields:
            yield _Row("changed", change.after, _changed(change, name))


def _cells(row: _Row, is_of_target: bool) -> list[str]:
    callback = row.callback
    texts = (row.sign, _shown(callback.get("altitude")), _function(callback), row.what)
    sign, altitude, function, what = (cell(text, width) for text, width in zip(texts, _WIDTHS))
    if is_of_target and row.sign != "removed":
        function = link(function, f"regcb show {callback['address']}")
    return [sign, altitude, function, what]


def _owner(callback: Mapping[str, Any]) -> str:
    known = callback.get("owner_path") or callback.get("owner")
    return _shown(known) if known else "in no image"


def _changed(change: Change, name: str) -> str:
    show = _function if name == "function" else lambda callback: _shown(callback.get(name))
    return f"{name} {show(change.before)} -> {show(change.after)}"


def _function(callback: Mapping[str, Any]) -> str:
    return _shown(callback.get("function_symbol") or callback.get("function"))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "?" if value is None else printable(str(value))
