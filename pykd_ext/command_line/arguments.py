"""Addresses, processes and counts on a command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..target.errors import BadArgument

if TYPE_CHECKING:
    from ..target.architecture import ArchitectureName

__all__ = ["address_argument", "count_argument", "process_argument"]

_MOST_DIGITS = 9


def address_argument(text: str, architecture: ArchitectureName) -> int:
    """The VA that ``text`` is in WinDbg's forms; raises BadArgument."""
    from ..kernel.selection import parse_address  # noqa: PLC0415 - counts need none

    address = parse_address(text, architecture)
    if address is None:
        raise BadArgument(f"no address {text!r}: hexadecimal, as in ffffb080`12340000")
    return address


def count_argument(text: str) -> int:
    """How many are wanted, 1 at least, for none is no question; a ``type`` of argparse's."""
    number = int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whole number from 1 to {10**_MOST_DIGITS - 1}"
        )
    return number


def process_argument(text: str, what: str = "process") -> int:
    """The number of a process, or of ``what`` has one: decimal as Windows shows it, hex with 0x;
    raises BadArgument."""
    try:
        return int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        raise BadArgument(f"no {what} number {text!r}: decimal, or hexadecimal with 0x") from None
