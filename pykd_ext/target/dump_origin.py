"""How a dump was taken, as far as its header says.

Known: Windows marks the dumps that it takes of a machine that goes on (Task Manager's, WER's
LiveKernelReports, LiveKd -ml) in DUMP_FILE_ATTRIBUTES, and Microsoft calls what they hold "a
consistent snapshot of kernel memory"; bug check 0x161 is theirs alone ("Kernel Live Dump Code
Reference", "Bug Check 0x161: LIVE_SYSTEM_DUMP"). Comae's converters write 'MATT' for the code,
rekall's 0 (SOURCES 9.5). Inferred: a header with code 0 is a debugger's or a tool's, LiveKd's own
among them; whether the machine stood still is not in it.
"""

from __future__ import annotations

from typing import NamedTuple

from . import BugCheck

__all__ = ["NO_DUMP", "Origin", "dump_origin"]

# DUMP_FILE_ATTRIBUTES of mindumpdef.h; reserved from bit 10 on. Windows before 8 has no such field,
# and fills its place with 'PAGE'.
_LIVE, _ENCRYPTED, _DECRYPTED, _RESERVED = 1 << 4, 1 << 8, 1 << 9, 0xFFFF_FC00
_LIVE_SYSTEM_DUMP = 0x161
_TASK_MANAGER = int.from_bytes(b"Taskmgr", "big")  # parameter 1
_CONVERTED = int.from_bytes(b"MATT", "big")
_MINIDUMP_BIT = 0x1000_0000


class Origin(NamedTuple):
    """``crash`` is the bug check that the machine died of, None where it did not or nobody says;
    ``is_frozen``: it stood still meanwhile. ``note`` is a line about a dump that is no crash's,
    empty for any other."""

    crash: BugCheck | None
    is_frozen: bool
    is_encrypted: bool
    note: str


NO_DUMP = Origin(None, True, False, "")


def dump_origin(bug_check: BugCheck, attributes: int) -> Origin:
    """``attributes`` are DUMP_FILE_ATTRIBUTES, or what stands in their place."""
    attributes = 0 if attributes & _RESERVED else attributes
    encrypted = attributes & (_ENCRYPTED | _DECRYPTED) == _ENCRYPTED
    code = bug_check.code & ~_MINIDUMP_BIT
    if attributes & _LIVE or code == _LIVE_SYSTEM_DUMP:
        whose = ", by Task Manager" if bug_check.parameters[:1] == (_TASK_MANAGER,) else ""
        note = (
            f"a live kernel dump (code {code:#x}{whose}): the machine had not crashed and went on; "
            "Windows takes it of a snapshot of kernel memory"
        )
        return Origin(None, True, encrypted, note)
    if code in (0, _CONVERTED):
        note = "the header names no bug check: a debugger or a tool wrote the dump, not a crash"
        return Origin(None, False, encrypted, note)
    return Origin(bug_check, True, encrypted, "")
