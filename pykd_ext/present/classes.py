"""The notify classes: all as a table, one explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Callable, NamedTuple

from tabulate import tabulate

from ..notify.classes import NotifyClass
from ..notify.structures import structure
from ..target.architecture import POINTER_SIZES
from .text import link

__all__ = ["class_text", "classes_table"]


class _Column(NamedTuple):
    """``text`` is for the wide table; ``narrow``, where it is not the same, for the other."""

    title: str
    text: Callable[[NotifyClass], str]
    narrow: Callable[[NotifyClass], str] | None = None
    only_wide: bool = False


def classes_table(classes: Sequence[NotifyClass], wide: bool = False) -> str:
    """A row a class, 120 columns unless it is ``wide``."""
    columns = [column for column in _COLUMNS if wide or not column.only_wide]
    rows = [[_render(column, each, wide) for column in columns] for each in classes]
    titles = [column.title for column in columns]
    return tabulate(rows, titles, tablefmt="simple", disable_numparse=True)


def _render(column: _Column, each: NotifyClass, wide: bool) -> str:
    text = column.narrow(each) if column.narrow and not wide else column.text(each)
    if column.title == "Name":
        return link(text, f"regcb classes {each.number}")
    return text


_COLUMNS = (
    _Column("#", lambda each: str(each.number)),
    _Column("Name", lambda each: each.name),
    _Column("Alias", lambda each: each.alias or "", only_wide=True),
    _Column("Pair", lambda each: "" if each.pair is None else str(each.pair.number)),
    _Column(
        "Argument2", lambda each: " or ".join(each.structures), lambda each: each.structures[0]
    ),
    _Column("Since", lambda each: each.since, lambda each: each.since.partition(" (")[0]),
    _Column("Sent by", lambda each: each.caller, only_wide=True),
)


def class_text(about: NotifyClass) -> str:
    """One class explained, with its structures' members and offsets."""
    blocks = ["\n".join(_facts(about))]
    blocks += ["\n".join(_structure(about, name)) for name in about.structures]
    return "\n\n".join(blocks)


def _facts(about: NotifyClass) -> Iterator[str]:
    also = f", also called {about.alias}" if about.alias else ""
    yield f"{about.name}{also}"
    rows = [("number", f"{about.number} ({about.number:#x})"), ("told", _told(about))]
    pair = about.pair
    if pair is not None:
        name = link(pair.name, f"regcb classes {pair.number}")
        rows.append((f"its {pair.phase}", f"{name} ({pair.number})"))
    rows += [("since", about.since), ("sent by", about.caller)]
    rows.append(("statuses", _ANSWERS[about.answer]))
    if about.answer == "refuses":
        rows.append(("bypass", _owed(about)))
    if about.key_object in _KEY_OBJECTS:
        rows.append(("Object", _KEY_OBJECTS[about.key_object]))
    yield from (f"{title:<12}{text}" for title, text in rows)


def _told(about: NotifyClass) -> str:
    words = {
        "pre": "before the operation",
        "post": "after the operation",
        "other": "so that the driver can clean up",
    }
    return f"{words[about.phase]}: {about.operation}"


# What a callback's answer does (SOURCES 3.3), and what Object holds (SOURCES 4.3).
_ANSWERS = {
    "refuses": "a failure refuses, and is what the caller gets",
    "replaces": "STATUS_CALLBACK_BYPASS alone counts (Vista on): the caller gets ReturnStatus",
    "ignored": "none counts: the kernel takes all for success",
    "unknown": "uncertain: no source says whether one counts",
}
_KEY_OBJECTS = {
    "valid-on-success": "undefined, unless Status is STATUS_SUCCESS itself",
    "null-if-refused": "NULL where a callback below has refused (one source)",
    "may-be-null": "NULL where the key's name is absolute",
    "null": "NULL: there are two keys",
    "destroyed": "a key object without references, which must not be given any",
}


def _owed(about: NotifyClass) -> str:
    """What the caller of an operation that a callback has done itself takes for filled."""
    if about.bypass_owes is None:
        return "uncertain: documented from Windows Vista on, which does not send this"
    owed = ", ".join(about.bypass_owes)
    text = f"the caller gets STATUS_SUCCESS, and is owed {owed or 'no output'}"
    return f"{text}; Microsoft advises against it" if about.is_discouraged else text


def _structure(about: NotifyClass, name: str) -> Iterator[str]:
    wide, narrow = (structure(name, size) for size in POINTER_SIZES)
    older = " (where Version is 0: Windows Vista)" if name != about.structures[0] else ""
    yield f"{name}{older}, {wide.size:#x} bytes on x64 and ARM64, {narrow.size:#x} on x86"
    rows = [
        (f"+{on_64.offset:#04x}", f"+{on_32.offset:#04x}", on_64.type, on_64.name)
        for on_64, on_32 in zip(wide.members, narrow.members)
    ]
    titles = ("64-bit", "x86", "Type", "Member")
    yield tabulate(rows, titles, tablefmt="simple", disable_numparse=True)
    if about.pair is not None and "PreInformation" in {each.name for each in wide.members}:
        names = " or ".join(about.pair.structures)
        yield f"PreInformation leads to the {names} that the pre class brought."
