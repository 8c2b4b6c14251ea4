"""A notify class on a command line."""

from __future__ import annotations

from difflib import get_close_matches

from ..notify.classes import CLASSES, NotifyClass, find_class
from ..target.errors import RegcbError

__all__ = ["UnknownClass", "class_argument"]


class UnknownClass(RegcbError):
    """No notify class is called so."""


def class_argument(text: str) -> NotifyClass:
    """The class called ``text``, or with that number; raises UnknownClass, which names like ones.

    A number that no Windows is known to send is taken: newer ones may.
    """
    found = find_class(text)
    if found is not None:
        return found
    names = [name for each in CLASSES for name in (each.name, each.alias) if name]
    by_end = {name[len("RegNt") :].lower(): name for name in names}
    word = text.lower()
    word = word[len("regnt") :] if word.startswith("regnt") else word
    like = [by_end[each] for each in get_close_matches(word, by_end, 3)]
    hint = f": did you mean {', '.join(like)}?" if like else " (regcb classes lists them)"
    raise UnknownClass(f"no notify class {text!r}{hint}")
