"""A security descriptor in words: the owner, and what it allows and denies whom, in its order."""

from __future__ import annotations

from ..kernel.security_descriptor import SecurityDescriptor
from ..notify.words import ACCESS_RIGHTS, flags_text

__all__ = ["security_lines", "user_text", "who_text"]

# "Well-known SIDs" (Microsoft).
_WELL_KNOWN = {
    "S-1-1-0": "Everyone",
    "S-1-3-0": "CREATOR OWNER",
    "S-1-3-4": "OWNER RIGHTS",
    "S-1-5-4": "INTERACTIVE",
    "S-1-5-7": "ANONYMOUS LOGON",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-12": "RESTRICTED",
    "S-1-5-18": "SYSTEM",
    "S-1-5-19": "LOCAL SERVICE",
    "S-1-5-20": "NETWORK SERVICE",
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464": "TrustedInstaller",
    "S-1-15-2-1": "ALL APPLICATION PACKAGES",
    "S-1-15-2-2": "ALL RESTRICTED APPLICATION PACKAGES",
}


def who_text(sid: str | None) -> str:
    """``SYSTEM``, or the SID itself."""
    return "nobody" if sid is None else _WELL_KNOWN.get(sid, sid)


def user_text(sid: str) -> str:
    """``SYSTEM (S-1-5-18)``, or the SID itself."""
    return f"{_WELL_KNOWN[sid]} ({sid})" if sid in _WELL_KNOWN else sid


def security_lines(security: SecurityDescriptor) -> list[str]:
    """``owned by SYSTEM``, then a line for each entry, such as ``allows Users: KEY_READ``."""
    lines = [f"owned by {who_text(security.owner)}"]
    if security.dacl is None:
        return [*lines, "allows everybody everything: it has no DACL"]
    for each in security.dacl:
        what = flags_text(each.mask, ACCESS_RIGHTS)
        lines.append(f"{'allows' if each.allows else 'denies'} {who_text(each.sid)}: {what}")
    if security.others:
        lines.append(f"and entries of other kinds, such as conditional ones: {security.others}")
    return lines
