"""The members of a structure, as a PDB lists them: cvinfo.h, lfFieldList and what may be in it."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from .errors import SymbolFileError
from .fields import unsigned

__all__ = ["Member", "fields", "leaf_of", "number"]

_LF_INDEX = 0x1404
_LF_BCLASS, _LF_VBCLASS, _LF_IVBCLASS, _LF_VFUNCTAB = 0x1400, 0x1401, 0x1402, 0x1409
_LF_ENUMERATE, _LF_MEMBER, _LF_STMEMBER, _LF_METHOD = 0x1502, 0x150D, 0x150E, 0x150F
_LF_NESTTYPE, _LF_ONEMETHOD = 0x1510, 0x1511
_LF_PAD0 = 0xF0  # its low bits say how many bytes to skip, itself among them

_NAMED = (_LF_ENUMERATE, _LF_MEMBER, _LF_STMEMBER, _LF_METHOD, _LF_NESTTYPE, _LF_ONEMETHOD)
_INTRODUCING = (4, 6)  # CV_mtintro, CV_mtpureintro: an offset in the vtable follows

# LF_CHAR to LF_UQUADWORD: the sizes of a number that does not fit the two bytes of its leaf.
_NUMBERS = {0x8000: 1, 0x8001: 2, 0x8002: 2, 0x8003: 4, 0x8004: 4, 0x8009: 8, 0x800A: 8}


class Member(NamedTuple):
    """One data member; ``offset`` in bytes."""

    name: str
    offset: int


def fields(record: bytes) -> Generator[Member, None, int | None]:
    """The data members of a field list; returns the type index of its continuation, or None.

    Raises SymbolFileError at a member of a kind that is not known: no other can be found behind it.
    """
    at = 2
    while at + 4 <= len(record):
        if record[at] >= _LF_PAD0:
            at += max(record[at] & 0xF, 1)
            continue
        leaf = unsigned(record, at, 2)
        index = unsigned(record, at + 4, 4)
        if leaf == _LF_INDEX:
            return index
        offset, end = _fixed_part(record, leaf, at)
        if leaf in _NAMED:
            name, _, _ = record[end:].partition(b"\0")
            end += len(name) + 1
            if leaf == _LF_MEMBER:
                yield Member(name.decode("utf-8", "backslashreplace"), offset)
        at = end
    return None


def _fixed_part(record: bytes, leaf: int, at: int) -> tuple[int, int]:
    """A member's offset (0 where it has none) and where its name, or the next member, starts."""
    if leaf in (_LF_MEMBER, _LF_BCLASS):
        return number(record, at + 8)
    if leaf == _LF_ENUMERATE:
        return number(record, at + 4)
    if leaf == _LF_ONEMETHOD:
        kind = unsigned(record, at + 2, 2) >> 2 & 7  # CV_fldattr_t.mprop
        return 0, at + (12 if kind in _INTRODUCING else 8)
    if leaf in (_LF_STMEMBER, _LF_METHOD, _LF_NESTTYPE, _LF_VFUNCTAB):
        return 0, at + 8
    if leaf in (_LF_VBCLASS, _LF_IVBCLASS):
        _, end = number(record, at + 12)
        return number(record, end)
    raise SymbolFileError(f"a structure has a member of unknown kind {leaf:#x}")


def leaf_of(record: bytes) -> int:
    """What kind of type a record is: LF_...; 0 for an empty one."""
    return unsigned(record, 0, 2)


def number(record: bytes, at: int) -> tuple[int, int]:
    """The numeric leaf at ``at``, unsigned, and where it ends."""
    value = unsigned(record, at, 2)
    if value < 0x8000:
        return value, at + 2
    size = _NUMBERS.get(value)
    if size is None:
        raise SymbolFileError(f"a structure has a number of unknown kind {value:#x}")
    return unsigned(record, at + 2, size), at + 2 + size
