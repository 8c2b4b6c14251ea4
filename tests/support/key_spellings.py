"""How callers may spell keys, and which are HKLM\\SOFTWARE\\Run or below it: the example driver and
the debugger's patterns have to agree on each."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KEY", "SPELLINGS", "Spelling"]

_MACHINE = "\\REGISTRY\\MACHINE"
KEY = _MACHINE + "\\SOFTWARE\\Run"


class Spelling(NamedTuple):
    """A name below a root's path."""

    root: str
    name: str
    is_meant: bool


SPELLINGS = (
    Spelling(_MACHINE, "SOFTWARE\\Run", True),
    Spelling(_MACHINE, "SOFTWARE\\Run\\", True),
    Spelling(_MACHINE, "SOFTWARE\\Run\\\\", True),
    Spelling(_MACHINE, "SOFTWARE\\\\Run", True),
    Spelling(_MACHINE, "\\SOFTWARE\\\\\\Run\\x\\", True),
    Spelling(_MACHINE, "sOFTWARE\\rUN", True),
    Spelling("\\Registry\\Machine\\Software", "RUN", True),
    Spelling("\\REGISTRY", "\\MACHINE\\\\software\\run\\a", True),
    Spelling(KEY, "*", True),
    Spelling(_MACHINE, "SOFTWARE\\Run \\", False),
    Spelling(_MACHINE, "SOFTWARE\\Runs", False),
    Spelling(_MACHINE, "SOFTWARE\\Ru\\n", False),
    Spelling(_MACHINE, "SOFTWARE\\.\\Run", False),
    Spelling(_MACHINE, "SOFTWARE\\x\\..\\Run", False),
    Spelling(_MACHINE, "SOFTWARE/Run", False),
    Spelling(_MACHINE, "\\\\SOFTWARE\\", False),
)
