"""A saved ``list --json``, and what is different from it now.

Callbacks are matched by who they are, never by where they lie: another boot, build or machine has
other addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..kernel.saved_document import read_document
from ..target.errors import RegcbError

__all__ = ["BaselineError", "Change", "Difference", "compare", "read_baseline"]

# Both hold the same list; a later version of either would have to be read by other code.
_SCHEMAS = ("regcb.callbacks/1", "regcb.findings/1")

# What makes a difference between two matched callbacks.
_COMPARED = (
    "altitude", "owner", "owner_path", "owner_state", "function", "internal", "unregistering",
    "found_by",
)  # fmt: skip

_Callback = dict[str, Any]


class BaselineError(RegcbError):
    """A file is no baseline, or not one for this target; ``str()`` says why."""


class Change(NamedTuple):
    """One callback on both sides; ``fields`` names what differs."""

    before: _Callback
    after: _Callback
    fields: tuple[str, ...]


class Difference(NamedTuple):
    """``added`` and ``removed`` are callbacks as ``list --json`` has them."""

    added: tuple[_Callback, ...]
    removed: tuple[_Callback, ...]
    changed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return any(self)


def read_baseline(path: Path) -> dict[str, Any]:
    """The document that ``regcb list --json`` (or ``check --json``) wrote to ``path``.

    Raises BaselineError for a file that cannot be read, is no such document, or is damaged.
    """
    baseline = read_document(path, _SCHEMAS, "regcb list --json", BaselineError)
    for what, fits in _SHAPE:
        if not fits(baseline):
            raise BaselineError(f"{path}: damaged: {what}")
    return baseline


def _is_number(text: Any) -> bool:
    if text is None:
        return True
    try:
        return isinstance(text, str) and int(text, 16) >= 0
    except ValueError:
        return False


def _callbacks(document: dict[str, Any]) -> list[Any]:
    callbacks = document.get("callbacks")
    return callbacks if isinstance(callbacks, list) else []


_SHAPE: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("callbacks is no list", lambda doc: isinstance(doc.get("callbacks"), list)),
    ("target is missing", lambda doc: isinstance(doc.get("target"), dict)),
    (
        "target.architecture is no text",
        lambda doc: isinstance(doc["target"].get("architecture"), str),
    ),
    (
        "a callback is no object",
        lambda doc: all(isinstance(each, dict) for each in _callbacks(doc)),
    ),
    (
        "an address is no hexadecimal number",
        lambda doc: all(
            _is_number(each.get(name))
            for each in _callbacks(doc)
            for name in ("function", "owner_base")
        ),
    ),
)


def compare(before: dict[str, Any], after: dict[str, Any]) -> Difference:
    """What has become of the callbacks of ``before`` in ``after``, two documents.

    Raises BaselineError when they are of different architectures.
    """
    architectures = [each["target"]["architecture"] for each in (before, after)]
    if architectures[0] != architectures[1]:
        raise BaselineError(
            f"the baseline is of {architectures[0]}, this is {architectures[1]}: "
            "they have no driver in common"
        )
    pairs, removed, added = _matched(before["callbacks"], after["callbacks"])
    changes = [
        Change(old, new, tuple(name for name in _COMPARED if _differ(old, new, name)))
        for old, new in pairs
    ]
    return Difference(
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(change for change in changes if change.fields),
    )


def _matched(
    before: Sequence[_Callback], after: Sequence[_Callback]
) -> tuple[list[tuple[_Callback, _Callback]], list[_Callback], list[_Callback]]:
    """Pairs, what is left of ``before``, what is left of ``after``: the surest likeness first."""
    pairs: list[tuple[_Callback, _Callback]] = []
    old, new = list(before), list(after)
    for names in _LIKENESSES:
        waiting: dict[tuple[Any, ...], list[_Callback]] = {}
        for each in new:
            waiting.setdefault(_identity(each, names), []).append(each)
        unmatched = []
        for each in old:
            likes = waiting.get(_identity(each, names))
            if likes and None not in _identity(each, names):
                pairs.append((each, likes.pop(0)))
            else:
                unmatched.append(each)
        old, new = unmatched, [each for likes in waiting.values() for each in likes]
    place = {id(each): number for number, each in enumerate([*before, *after])}
    pairs.sort(key=lambda pair: place[id(pair[0])])
    return pairs, old, sorted(new, key=lambda each: place[id(each)])


# An update moves a function, and a debugger with symbols knows it by name; an edited altitude, or
# a function that was replaced by another image's, leaves the rest.
_LIKENESSES = (
    ("owner", "offset", "altitude"),
    ("owner", "function_symbol", "altitude"),
    ("owner", "altitude"),
    ("owner", "offset"),
    ("owner", "function_symbol"),
    ("altitude",),
)


def _identity(callback: _Callback, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_value(callback, name) for name in names)


def _value(callback: _Callback, name: str) -> Any:
    """The field ``name``, or where its function lies in its image; files have no case."""
    if name == "offset":
        function, base = callback.get("function"), callback.get("owner_base")
        return int(function, 16) - int(base, 16) if function and base else None
    value = callback.get(name)
    if name in ("owner", "owner_path") and isinstance(value, str):
        return value.lower()
    return value if isinstance(value, (str, bool, int)) else None


def _differ(before: _Callback, after: _Callback, name: str) -> bool:
    if name == "function":
        return not any(_alike(before, after, each) for each in ("offset", "function_symbol"))
    return bool(_value(before, name) != _value(after, name))


def _alike(before: _Callback, after: _Callback, name: str) -> bool:
    """Whether the field says that both are one function: an updated driver has it elsewhere."""
    old, new = _value(before, name), _value(after, name)
    return old is not None and old == new and (name != "function_symbol" or _is_name(old))


def _is_name(symbol: str) -> bool:
    """``netmon!NetMonRegFilter``, not ``netmon+0x1020``, nor a place behind a name."""
    return "!" in symbol and "+0x" not in symbol
