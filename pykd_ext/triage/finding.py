"""One thing that triage holds against what it saw, or only mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..kernel.listing import RegistryCallback

__all__ = ["SEVERITIES", "Finding", "Remark", "about"]

SEVERITIES = ("high", "medium", "low", "info")  # the gravest first

_UNLISTED = ("thread", "object-context", "carved")


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


class Remark(NamedTuple):
    """What every Windows has, and who searches wants to know all the same: no finding.

    Its members are those of a finding; ``why`` says what makes it usual.
    """

    id: str
    callback: int | None
    summary: str
    evidence: dict[str, Any]
    why: str


def about(
    entry: RegistryCallback,
    id_: str,
    severity: str,
    summary: str,
    evidence: dict[str, Any],
    doubt: str | None = None,
) -> Finding:
    """A finding about one callback, whose next step is a look at all of it."""
    # Of callbacks on no list, show knows those whose address it is told.
    which = f"{entry.block.address:#x}" if entry.block.found_by in _UNLISTED else entry.number
    return Finding(id_, severity, entry.number, summary, evidence, doubt, f"regcb show {which}")
