"""Values as text: numbers and times as JSON has them, addresses as WinDbg writes them, hostile
strings made harmless."""

from __future__ import annotations

import time
from typing import overload

from ..target.architecture import ARCHITECTURES

__all__ = ["address_text", "counted", "hexadecimal", "printable", "stamp_text", "time_text"]

_YEAR_10000 = 253_402_300_800  # in seconds since 1970
_400_YEARS = 146_097 * 86_400  # seconds


@overload
def hexadecimal(value: int) -> str: ...
@overload
def hexadecimal(value: None) -> None: ...
@overload
def hexadecimal(value: int | None) -> str | None: ...
def hexadecimal(value: int | None) -> str | None:
    """``0xfffff80412a03458``; None stays None."""
    return None if value is None else f"{value:#x}"


def counted(count: int, what: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{count} {what}{'s' * (count != 1)}"


def time_text(seconds: int | None) -> str | None:
    """Seconds since 1970 as ISO 8601 UTC, ``2026-11-23T09:30:00Z``; None for no known date."""
    if seconds is None or not 0 <= seconds < _YEAR_10000:
        return None
    # Windows' own calendar ends in the year 3000; and this one repeats itself.
    cycles, rest = divmod(seconds, _400_YEARS)
    moment = time.gmtime(rest)
    return f"{moment.tm_year + 400 * cycles}-{time.strftime('%m-%dT%H:%M:%SZ', moment)}"


def stamp_text(stamp: int) -> str:
    """An image's TimeDateStamp: a time (UTC), or a hash of the image in a reproducible build."""
    return f"{stamp:08x} ({time_text(stamp)}, unless the build is reproducible)"


def address_text(address: int | None, architecture: str) -> str:
    """``fffff804`12a03458`` on 64-bit targets, ``82a03458`` on x86; ``0`` for NULL, ``?`` for
    None."""
    if address is None:
        return "?"
    if not address:
        return "0"
    if ARCHITECTURES[architecture].pointer_size == 4 and address < 1 << 32:
        return f"{address:08x}"
    return f"{address >> 32:08x}`{address & 0xFFFFFFFF:08x}"


def printable(text: str | None, unknown: str = "?") -> str:
    r"""``text`` from the target, safe in a terminal: what is not printable becomes \x1b, \u202e.

    The backslash itself stays: paths are full of them, and nobody parses this form. ``unknown`` is
    said of None.

    >>> print(pykd_ext.printable("a\u202etab\t"), pykd_ext.printable(None))
    a\u202etab\x09 ?
    """
    if text is None:
        return unknown
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
