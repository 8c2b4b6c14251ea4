"""Which callbacks a person means by an index, an altitude, an address or a name."""

from __future__ import annotations

import string

from ..target.architecture import ARCHITECTURES
from ..target.errors import TargetError
from .listing import Listing, RegistryCallback

__all__ = ["parse_address", "select"]

_MOST_DIGITS = 20  # of an index; Python refuses to read a number of some thousand


def select(listing: Listing, what: str) -> list[RegistryCallback]:
    """The entries that ``what`` names; several when an owner has several.

    Tried in this order: an index (decimal, also ``#3``), an altitude, an address (of the block or
    of the function), an owner's file or module name or a function's symbol (in any case). Raises
    TargetError when none fits.

    >>> [callback.altitude for callback in pykd_ext.select(pykd_ext.callbacks(target), "netmon")]
    ['385201']
    """
    number = what.removeprefix("#")  # as findings and remarks name it
    if number.isdecimal() and len(number) <= _MOST_DIGITS and int(number) < len(listing.entries):
        return [listing.entries[int(number)]]
    address = parse_address(what, listing.target.architecture)
    folded = what.casefold()
    for fits in (
        lambda entry: entry.block.altitude == what,
        lambda entry: (
            address is not None and address in (entry.block.address, entry.block.function)
        ),
        lambda entry: folded in _names(entry),
    ):
        found = [entry for entry in listing.entries if fits(entry)]
        if found:
            return found
    there = f"0 to {len(listing.entries) - 1}" if listing.entries else "none at all"
    raise TargetError(
        f"no callback {what!r}: there are {len(listing.entries)} ({there}); "
        "name one by index, altitude, address, owner or function"
        f"{_of_unread(listing)}"
    )


def _of_unread(listing: Listing) -> str:
    """That what was asked for may be there all the same."""
    count, entries = listing.callbacks.callback_count, listing.entries
    if any(each.block.function is None for each in entries) or (count or 0) > len(entries):
        return "; not all of the list could be read (regcb list says why)"
    return ""


def _names(entry: RegistryCallback) -> set[str]:
    symbol, file = entry.function_symbol or "", entry.owner.name or ""
    stem = file.rpartition(".")[0]
    names = (file, stem, entry.owner.module, symbol, symbol.partition("!")[2])
    return {name.casefold() for name in names if name}


def parse_address(text: str, architecture: str) -> int | None:
    """An address as WinDbg reads it: hex, 0x or not, with or without its backtick, of x86 also
    sign-extended; else None."""
    digits = text.replace("`", "")
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    if not 0 < len(digits) <= 16 or not set(digits) <= set(string.hexdigits):
        return None
    address = int(digits, 16)
    if ARCHITECTURES[architecture].pointer_size == 4 and address >> 32 == 0xFFFF_FFFF:
        return address & 0xFFFF_FFFF
    return address
