"""What has changed since a baseline: lines for a person, and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tabulate import tabulate

from ..documents.text import printable
from ..triage.baseline import Change, Difference
from .text import cell

__all__ = ["difference_document", "difference_text"]

DIFFERENCE_SCHEMA = "regcb.difference/1"

_WIDTHS = (7, 12, 30, 62)  # columns of the table
_TITLES = ("", "Altitude", "Function", "What")


def difference_text(before: dict[str, Any], after: dict[str, Any], difference: Difference) -> str:
    """Both sides, then a row for every callback that was added, removed or changed."""
    lines = [f"before: {_side(before)}", f"now:    {_side(after)}"]
    if not difference:
        return "\n".join([*lines, "no difference"])
    rows = [[cell(text, width) for text, width in zip(row, _WIDTHS)] for row in _rows(difference)]
    return "\n".join([*lines, tabulate(rows, _TITLES, tablefmt="simple", disable_numparse=True)])


def _side(document: dict[str, Any]) -> str:
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


def _owner(callback: dict[str, Any]) -> str:
    known = callback.get("owner_path") or callback.get("owner")
    return _shown(known) if known else "in no image"


def _changed(change: Change, name: str) -> str:
    show = _function if name == "function" else lambda callback: _shown(callback.get(name))
    return f"{name} {show(change.before)} -> {show(change.after)}"


def _function(callback: dict[str, Any]) -> str:
    return _shown(callback.get("function_symbol") or callback.get("function"))


def _shown(value: Any) -> str:
    return "?" if value is None else printable(str(value))


def difference_document(
    before: dict[str, Any], after: dict[str, Any], difference: Difference
) -> dict[str, Any]:
    """``regcb.difference/1``: callbacks are those of the two documents."""
    return {
        "schema": DIFFERENCE_SCHEMA,
        "before": before["target"],
        "after": after["target"],
        "added": list(difference.added),
        "removed": list(difference.removed),
        "changed": [
            {"before": each.before, "after": each.after, "fields": list(each.fields)}
            for each in difference.changed
        ],
    }
