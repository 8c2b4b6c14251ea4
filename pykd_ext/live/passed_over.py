"""Stops of which nothing can be told, since what they are about cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.doubts import note_doubt

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NOT_ALL_VERDICTS", "pass_over"]

NOT_ALL_VERDICTS = "not all verdicts were seen"


def pass_over(target: Target, what: str) -> bool:
    """Has the end of what is said tell, once, that ``what`` (``not all verdicts were seen``). Comes
    back with False: the target goes on."""
    note_doubt(target, f"{what}: what it was about at a stop could not be read")
    return False
