"""What was read by a row that nobody has seen hold on the target's kernel, for the user to know."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["doubts", "note_doubt"]

_NOTED: WeakKeyDictionary[Target, dict[str, None]] = WeakKeyDictionary()


def note_doubt(target: Target, sentence: str | None) -> None:
    """Keeps ``sentence`` for the end of what is said about ``target``, once however often used."""
    if sentence is not None:
        _NOTED.setdefault(target, {})[sentence] = None


def doubts(target: Target) -> list[str]:
    """Every sentence that was noted so far."""
    return list(_NOTED.get(target, {}))
