"""One line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

__all__ = ["Check", "Row"]


class Row(NamedTuple):
    """What one check says of one file: of ``judged`` things ``held`` were right; ``detail`` names
    the first that was not, or why the file could not be judged."""

    check: str
    file: str
    judged: int
    held: int
    detail: str = ""

    @property
    def is_right(self) -> bool:
        return self.held == self.judged


class Check(Protocol):
    """Judges files of one kind; a file that cannot be judged is a row, not an error."""

    def __call__(self, files: Sequence[Path]) -> list[Row]: ...
