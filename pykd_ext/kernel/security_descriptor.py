"""Security descriptors in their self-relative form: who owns something, and who may do what.

Source: [MS-DTYP] 2.4.2 (SID), 2.4.4 (ACE), 2.4.5 (ACL), 2.4.6 (SECURITY_DESCRIPTOR). Entries decide
in their order, but for those that only keys below inherit.
"""

from __future__ import annotations

from typing import NamedTuple

from ..target.fields import unsigned, words

__all__ = ["Ace", "BadDescriptor", "SecurityDescriptor", "parse_security_descriptor", "parse_sid"]

_HEADER, _OWNER, _DACL = 20, 4, 16
_DACL_PRESENT, _SELF_RELATIVE = 0x0004, 0x8000  # Control
_ALLOWED, _DENIED = 0, 1  # ACCESS_ALLOWED_ACE_TYPE, ACCESS_DENIED_ACE_TYPE
_INHERIT_ONLY = 0x08  # INHERIT_ONLY_ACE
_ACL, _ACE = 8, 8  # sizes of what stands before the entries, and before an entry's SID
_SID = 8
_MOST_AUTHORITIES = 15  # SID_MAX_SUB_AUTHORITIES
_DECIMAL_AUTHORITY = 1 << 32  # from there on written in hexadecimal


class BadDescriptor(ValueError):
    """The bytes are no security descriptor; ``str()`` says why."""


class Ace(NamedTuple):
    """An entry that allows or denies; ``sid`` as S-1-5-18, ``mask`` is an ACCESS_MASK."""

    allows: bool
    sid: str
    mask: int


class SecurityDescriptor(NamedTuple):
    """``owner`` is a SID, None for none. ``dacl`` are the entries in their order, None where there
    is no DACL: then everybody may do everything. ``others`` is how many entries are of other kinds,
    such as conditional ones."""

    owner: str | None
    dacl: tuple[Ace, ...] | None
    others: int = 0


def parse_security_descriptor(raw: bytes) -> SecurityDescriptor:
    """What ``raw`` says; raises BadDescriptor."""
    if len(raw) < _HEADER or raw[0] != 1:
        raise BadDescriptor("no security descriptor of revision 1")
    control = unsigned(raw, 2, 2)
    if not control & _SELF_RELATIVE:
        raise BadDescriptor("a security descriptor that is not self-relative")
    owner, dacl = unsigned(raw, _OWNER, 4), unsigned(raw, _DACL, 4)
    who = parse_sid(raw, owner) if owner else None
    if not control & _DACL_PRESENT or not dacl:
        return SecurityDescriptor(who, None)
    entries, others = _entries(raw, dacl)
    return SecurityDescriptor(who, entries, others)


def _entries(raw: bytes, start: int) -> tuple[tuple[Ace, ...], int]:
    if len(raw) < start + _ACL:
        raise BadDescriptor("a DACL that lies outside of its security descriptor")
    found: list[Ace] = []
    others = 0
    place = start + _ACL
    for _ in range(unsigned(raw, start + 4, 2)):
        size = unsigned(raw, place + 2, 2)
        if size < _ACE or place + size > len(raw):
            raise BadDescriptor("an entry that lies outside of its security descriptor")
        kind, flags = raw[place], raw[place + 1]
        if kind not in (_ALLOWED, _DENIED):
            others += 1
        elif not flags & _INHERIT_ONLY:
            found.append(
                Ace(kind == _ALLOWED, parse_sid(raw, place + _ACE), unsigned(raw, place + 4, 4))
            )
        place += size
    return tuple(found), others


def parse_sid(raw: bytes, start: int = 0) -> str:
    """The SID at the offset ``start``, as ``S-1-5-32-544``; raises BadDescriptor."""
    count = raw[start + 1] if len(raw) > start + 1 else 0
    end = start + _SID + 4 * count
    if len(raw) < start + _SID or raw[start] != 1 or count > _MOST_AUTHORITIES or end > len(raw):
        raise BadDescriptor(f"no SID at {start:#x}")
    authority = int.from_bytes(raw[start + 2 : start + _SID], "big")
    first = str(authority) if authority < _DECIMAL_AUTHORITY else f"{authority:#x}"
    return "-".join(["S", "1", first, *map(str, words(raw[start + _SID : end], 4))])
