"""Small pieces of text: addresses as WinDbg writes them, hostile strings made harmless."""

from __future__ import annotations

import time

from ..target.architecture import ARCHITECTURES

__all__ = ["address_text", "cell", "link", "printable", "stamp_text", "time_text"]

# A link that ends up as DML in WinDbg and as plain text elsewhere travels as an OSC 8 hyperlink:
# tabulate knows that those take no room.
LINK_START, LINK_MIDDLE, LINK_END = "\x1b]8;;", "\x1b\\", "\x1b]8;;\x1b\\"

OWN_COMMAND = "!py regcb.py"  # in links to regcb's own commands

_YEAR_10000 = 253_402_300_800  # in seconds since 1970


def printable(text: str | None, unknown: str = "?") -> str:
    """``text`` from the target, safe in a terminal: what is not printable becomes \\x1b, \\u202e.

    The backslash itself stays: paths are full of them, and nobody parses this form.
    """
    if text is None:
        return unknown
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def address_text(address: int | None, architecture: str, unknown: str = "?") -> str:
    """``fffff804`12a03458`` on 64-bit targets, ``82a03458`` on x86; ``0`` for NULL."""
    if address is None:
        return unknown
    if not address:
        return "0"
    if ARCHITECTURES[architecture].pointer_size == 4 and address < 1 << 32:
        return f"{address:08x}"
    return f"{address >> 32:08x}`{address & 0xFFFFFFFF:08x}"


def time_text(seconds: int | None) -> str | None:
    """Seconds since 1970 as ISO 8601 UTC, ``2026-11-23T09:30:00Z``; None for no known date."""
    if seconds is None or not 0 <= seconds < _YEAR_10000:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def cell(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, its middle replaced by ``~``."""
    if len(text) <= width:
        return text
    left = (width - 1) // 2
    return f"{text[:left]}~{text[len(text) - (width - 1 - left) :]}"


def link(text: str, command: str) -> str:
    """``text``, which in WinDbg runs ``command`` when clicked."""
    return f"{LINK_START}{command}{LINK_MIDDLE}{text}{LINK_END}"


def stamp_text(stamp: int) -> str:
    """An image's TimeDateStamp: a time (UTC), or a hash of the image in a reproducible build."""
    return f"{stamp:08x} ({time_text(stamp)}, unless the build is reproducible)"
