"""``regcb.difference/1``: what has become of the callbacks of one document in another.

Callbacks are matched by who they are, never by where they lie: another boot, build or machine has
other addresses. What makes a difference between two that are matched is declared with the fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, cast

from .baseline import BaselineError
from .callback_fields import CALLBACK_FIELDS, CallbackDocument
from .callbacks import CallbacksDocument, ProblemDocument
from .field import Field
from .target import TargetDocument

__all__ = [
    "Change",
    "Difference",
    "SideProblem",
    "compare",
    "difference_document",
    "side_problems",
    "unread",
]

_Callback = Mapping[str, Any]

_FIELDS = {each.name: each for each in CALLBACK_FIELDS}


class Change(NamedTuple):
    """One callback on both sides; ``fields`` names what differs."""

    before: _Callback
    after: _Callback
    fields: tuple[str, ...]


class Difference(NamedTuple):
    """``added`` and ``removed`` are callbacks as ``list --json`` has them. ``not_compared`` names
    fields that one side does not have: it was written before there were any."""

    added: tuple[_Callback, ...]
    removed: tuple[_Callback, ...]
    changed: tuple[Change, ...]
    not_compared: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class ChangeDocument(TypedDict):
    """A callback before and after, and the fields that differ."""

    before: CallbackDocument
    after: CallbackDocument
    fields: list[str]


class SideProblem(ProblemDocument):
    """What of the list on the side ``before`` or ``after`` could not be read."""

    side: str


class DifferenceDocument(TypedDict):
    """Both targets, and what came, went and changed; callbacks are as the two documents have
    them."""

    schema: str
    before: TargetDocument
    after: TargetDocument
    added: list[CallbackDocument]
    removed: list[CallbackDocument]
    changed: list[ChangeDocument]
    not_compared: list[str]
    problems: list[SideProblem]


def difference_document(
    before: CallbacksDocument, after: CallbacksDocument, difference: Difference
) -> DifferenceDocument:
    """What ``diff --json`` prints."""
    return {
        "schema": "regcb.difference/1",
        "before": before["target"],
        "after": after["target"],
        "added": [cast(CallbackDocument, each) for each in difference.added],
        "removed": [cast(CallbackDocument, each) for each in difference.removed],
        "changed": [
            {
                "before": cast(CallbackDocument, each.before),
                "after": cast(CallbackDocument, each.after),
                "fields": list(each.fields),
            }
            for each in difference.changed
        ],
        "not_compared": list(difference.not_compared),
        "problems": list(side_problems(before, after)),
    }


def side_problems(before: CallbacksDocument, after: CallbacksDocument) -> Iterator[SideProblem]:
    """What of either list, or of its callbacks, could not be read: one that is there can be missing
    here."""
    for side, document in (("before", before), ("after", after)):
        of_list = [(each["where"], each["what"]) for each in document.get("problems", ())]
        of_callbacks = [
            (f"callback #{number}", what)
            for number, callback in enumerate(document["callbacks"])
            for what in callback.get("problems", ())
        ]
        for where, what in dict.fromkeys([*of_list, *of_callbacks]):  # check --json has both
            yield {"side": side, "where": where, "what": what}


def unread(document: CallbacksDocument) -> list[CallbackDocument]:
    """The callbacks of which nothing but the address is known, since their page is out."""
    return [each for each in document["callbacks"] if _is_unread(each)]


def _is_unread(callback: _Callback) -> bool:
    return callback.get("function", "") is None


def compare(before: CallbacksDocument, after: CallbacksDocument) -> Difference:
    """What has become of the callbacks of ``before`` in ``after``. One that could not be read is
    neither added nor removed; in the same boot it is the one at its address.

    Raises BaselineError when they are of different architectures.
    """
    architectures = [each["target"]["architecture"] for each in (before, after)]
    if architectures[0] != architectures[1]:
        raise BaselineError(
            f"the baseline is of {architectures[0]}, this is {architectures[1]}: "
            "they have no driver in common"
        )
    sides = before["callbacks"], after["callbacks"]
    pairs, removed, added = _matched(
        *([each for each in side if not _is_unread(each)] for side in sides)
    )
    out = [{_value(each, "address") for each in unread(side)} for side in (before, after)]
    if before["target"]["boot_time"] == after["target"]["boot_time"] is not None:
        removed = [each for each in removed if _value(each, "address") not in out[1]]
        added = [each for each in added if _value(each, "address") not in out[0]]
    # Behind a page that is out, the back links alone lead to callbacks.
    uncompared = {"found_by"} if any(out) else set()
    compared = [each for each in CALLBACK_FIELDS if each.compared and each.name not in uncompared]
    changes = [
        Change(old, new, tuple(each.name for each in compared if _differ(old, new, each)))
        for old, new in pairs
    ]
    return Difference(
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(change for change in changes if change.fields),
        not_compared=tuple(
            each.name for each in compared if any(not _both_have(each, *pair) for pair in pairs)
        ),
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
    """What is the same in the field ``name``, or where its function lies in its image."""
    if name == "offset":
        function, base = callback.get("function"), callback.get("owner_base")
        return int(function, 16) - int(base, 16) if function and base else None
    return _FIELDS[name].type.identity(callback.get(name))


def _both_have(field: Field, before: _Callback, after: _Callback) -> bool:
    return field.name in before and field.name in after


def _differ(before: _Callback, after: _Callback, field: Field) -> bool:
    if not _both_have(field, before, after):
        return False
    if field.name == "function":
        return not any(_alike(before, after, each) for each in ("offset", "function_symbol"))
    return bool(_value(before, field.name) != _value(after, field.name))


def _alike(before: _Callback, after: _Callback, name: str) -> bool:
    """Whether the field says that both are one function: an updated driver has it elsewhere."""
    old, new = _value(before, name), _value(after, name)
    return old is not None and old == new and (name != "function_symbol" or _is_name(old))


def _is_name(symbol: str) -> bool:
    """``netmon!NetMonRegFilter``, not ``netmon+0x1020``, nor a place behind a name."""
    return "!" in symbol and "+0x" not in symbol
