"""Notify classes as a person gives them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Union

from ..target.errors import BadArgument
from .classes import CLASSES, NotifyClass, find_class, notify_class

__all__ = ["GivenClass", "class_given"]

GivenClass = Union[NotifyClass, str, int]

_PREFIX = "regnt"


def class_given(given: GivenClass) -> NotifyClass:
    """The class that is called ``given``, or has that number; raises BadArgument, which names like
    ones.

    A number that no Windows is known to send is taken: newer ones may.
    """
    if isinstance(given, NotifyClass):
        return given
    found = notify_class(given) if isinstance(given, int) else find_class(given)
    if found is not None:
        return found
    names = [name for each in CLASSES for name in (each.name, each.alias) if name]
    by_end = {name[len(_PREFIX) :].lower(): name for name in names}
    word = str(given).lower()
    word = word[len(_PREFIX) :] if word.startswith(_PREFIX) else word
    like = [by_end[each] for each in get_close_matches(word, by_end, 3)]
    hint = f": did you mean {', '.join(like)}?" if like else " (regcb classes lists them)"
    raise BadArgument(f"no notify class {given!r}{hint}")
