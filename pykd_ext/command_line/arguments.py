"""Classes, addresses and processes on a command line."""

from __future__ import annotations

from difflib import get_close_matches

from ..kernel.selection import parse_address
from ..live.globs import KeyGlob
from ..notify.classes import CLASSES, NotifyClass, find_class
from ..target.errors import RegcbError

__all__ = ["BadArgument", "address_argument", "class_argument", "key_argument", "process_argument"]

_PREFIX = "regnt"


class BadArgument(RegcbError):
    """A word of the command line means nothing; ``str()`` says what would."""


def class_argument(text: str) -> NotifyClass:
    """The class called ``text``, or with that number; raises BadArgument, which names like ones.

    A number that no Windows is known to send is taken: newer ones may.
    """
    found = find_class(text)
    if found is not None:
        return found
    names = [name for each in CLASSES for name in (each.name, each.alias) if name]
    by_end = {name[len(_PREFIX) :].lower(): name for name in names}
    word = text.lower()
    word = word[len(_PREFIX) :] if word.startswith(_PREFIX) else word
    like = [by_end[each] for each in get_close_matches(word, by_end, 3)]
    hint = f": did you mean {', '.join(like)}?" if like else " (regcb classes lists them)"
    raise BadArgument(f"no notify class {text!r}{hint}")


def address_argument(text: str, architecture: str) -> int:
    """The VA that ``text`` is in WinDbg's forms; raises BadArgument."""
    address = parse_address(text, architecture)
    if address is None:
        raise BadArgument(f"no address {text!r}: hexadecimal, as in ffffb080`12340000")
    return address


def process_argument(text: str) -> int:
    """The number of a process: decimal as Windows shows it, hex with 0x; raises BadArgument."""
    try:
        return int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        raise BadArgument(f"no process number {text!r}: decimal, or hexadecimal with 0x") from None


def key_argument(text: str) -> KeyGlob:
    """The keys that ``text`` means, a full path with wildcards; raises BadArgument."""
    try:
        return KeyGlob(text)
    except ValueError as error:
        raise BadArgument(str(error)) from None
