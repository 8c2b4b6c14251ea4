"""Whose process it is: its image's path, its session and its user.

The kernel's symbols alone say where that is (SOURCES 5.10): without them nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable
from .security_descriptor import BadDescriptor, parse_sid
from .type_offsets import field_offset, field_pointer

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["ProcessIdentity", "read_process_identity"]

_LONGEST_PATH = 0xFFFF  # bytes, of any UNICODE_STRING
_LONGEST_SID = 8 + 4 * 15  # SID_MAX_SUB_AUTHORITIES
_FAST_REFERENCE = {8: 0xF, 4: 0x7}  # the count in the low bits of an EX_FAST_REF


class ProcessIdentity(NamedTuple):
    """``image_path`` as ``\\Device\\HarddiskVolume3\\Windows\\regedit.exe``, ``user`` a SID as
    S-1-5-18; None for what cannot be read or nobody knows the place of."""

    image_path: str | None
    session_id: int | None
    user: str | None


def read_process_identity(target: Target, process: int) -> ProcessIdentity:
    """Of the EPROCESS at the VA ``process``; six requests. Never raises for what memory holds."""
    token = field_pointer(target, process, "_EPROCESS", "Token")
    token &= ~_FAST_REFERENCE[target.memory.pointer_size]
    return ProcessIdentity(
        _image_path(target, process),
        _session(target, token) if token else None,
        _user(target, token) if token else None,
    )


def _image_path(target: Target, process: int) -> str | None:
    """SE_AUDIT_PROCESS_CREATION_INFO has a pointer to OBJECT_NAME_INFORMATION, a UNICODE_STRING."""
    name = field_pointer(target, process, "_EPROCESS", "SeAuditProcessCreationInfo")
    memory = target.memory
    try:
        return (memory.text(memory.unicode_string(name), _LONGEST_PATH) or None) if name else None
    except MemoryUnreadable:
        return None


def _session(target: Target, token: int) -> int | None:
    offset = field_offset(target, "_TOKEN", "SessionId")
    try:
        return None if offset is None else target.memory.unsigned(token + offset, 4)
    except MemoryUnreadable:
        return None


def _user(target: Target, token: int) -> str | None:
    """The first of the token's SID_AND_ATTRIBUTES, which begin with a pointer to the SID."""
    groups = field_pointer(target, token, "_TOKEN", "UserAndGroups")
    try:
        sid = target.memory.pointer(groups) if groups else 0
        return parse_sid(_as_much_as_there_is(target, sid)) if sid else None
    except (MemoryUnreadable, BadDescriptor):
        return None


def _as_much_as_there_is(target: Target, sid: int) -> bytes:
    count = target.memory.unsigned(sid + 1, 1)
    return target.memory.read(sid, min(8 + 4 * count, _LONGEST_SID))
