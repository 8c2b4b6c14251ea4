"""One thing that triage holds against what it saw."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["SEVERITIES", "Finding"]

SEVERITIES = ("high", "medium", "low", "info")  # the gravest first


class Finding(NamedTuple):
    """``id`` names the check that found it (``prologue-patched``).

    ``callback`` is the number of the entry, None for the list itself. ``evidence`` is ready for
    JSON: addresses as hex strings, bytes as hex text. ``doubt`` names what would make it harmless,
    None where nothing known does. ``next`` is the command to type next.
    """

    id: str
    severity: str
    callback: int | None
    summary: str
    evidence: dict[str, Any]
    doubt: str | None
    next: str
