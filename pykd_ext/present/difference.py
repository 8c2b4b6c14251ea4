"""What has changed since a baseline, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tabulate import tabulate

from ..documents.callbacks import CallbacksDocument
from ..documents.difference import Change, Difference
from ..documents.text import printable
from .text import cell

__all__ = ["difference_text"]

_WIDTHS = (7, 12, 30, 62)  # columns of the table
_TITLES = ("", "Altitude", "Function", "What")


def difference_text(
    before: CallbacksDocument, after: CallbacksDocument, difference: Difference
) -> str:
    """Both sides, then a row for every callback that was added, removed or changed, and what could
    not be compared."""
    lines = [f"before: {_side(before)}", f"now:    {_side(after)}"]
    rows = [[cell(text, width) for text, width in zip(row, _WIDTHS)] for row in _rows(difference)]
    if rows:
        lines.append(tabulate(rows, _TITLES, tablefmt="simple", disable_numparse=True))
    else:
        lines.append("no difference")
    if difference.not_compared:
        names = ", ".join(difference.not_compared)
        lines.append(f"! not compared: {names}, which one side was written without")
    return "\n".join(lines)


def _side(document: CallbacksDocument) -> str:
    target = document["target"]
    facts = ["Windows", target.get("version"), target["architecture"], target.get("path")]
    booted = target.get("boot_time")
    text = " ".join(printable(str(each)) for each in facts if each)
    count = f", {len(document['callbacks'])} callbacks"
    return f"{text}{f', booted {printable(str(booted))}' if booted else ''}{count}"


def _rows(difference: Difference) -> Iterator[tuple[str, str, str, str]]:
    for sign, callbacks in (("added", difference.added), ("removed", difference.removed)):
        for each in callbacks:
            yield sign, _shown(each.get("altitude")), _function(each), _owner(each)
    for change in difference.changed:
        after = change.after
        for name in change.fields:
            what = _changed(change, name)
            yield "changed", _shown(after.get("altitude")), _function(after), what


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
