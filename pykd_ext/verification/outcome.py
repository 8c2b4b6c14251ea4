"""What verifying gives: a row for everything that a table says, and the layout as it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["HaltedAt", "Row", "Verification", "offsets_text"]


class Row(NamedTuple):
    """What the table says of ``what``, and what this kernel does. ``holds`` is None where it could
    not be seen."""

    what: str
    table: str
    kernel: str
    holds: bool | None


class HaltedAt(NamedTuple):
    """Where the kernel's code did not go on: ``doing`` what, at which VA, and why.

    ``address`` is None where it was no instruction that ended it."""

    doing: str
    address: int | None
    instruction: str | None
    why: str


class Verification(NamedTuple):
    """What one kernel did; ``nt_base`` is where its addresses count from.

    ``layout`` has the fields of BlockLayout, for the ``kind`` ``vector`` those of VectorLayout, as
    seen, of which ``unseen`` are the table's own; it is None where not enough was seen.
    """

    path: str
    architecture: str
    build: int
    nt_base: int
    kind: str
    rows: tuple[Row, ...]
    layout: dict[str, int | None] | None
    unseen: tuple[str, ...]
    halted: tuple[HaltedAt, ...]
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool | None:
        """False where something differs, None where something could not be seen."""
        seen = [row.holds for row in self.rows]
        if False in seen:
            return False
        return None if None in seen or self.halted or not seen else True


def offsets_text(offsets: Sequence[int]) -> str:
    """``+0x18``; all of them where there are several."""
    return " or ".join(f"+{each:#04x}" for each in offsets) or "not seen"
