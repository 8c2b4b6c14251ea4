"""The claims of the issues, what was measured of each, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tabulate import tabulate

__all__ = ["Row", "at_least", "not_measured", "table"]


class Row(NamedTuple):
    """One claim of an issue, or what stands beside it of a peer (no ``limit``: no target).

    ``measured`` is None where it could not be; ``why`` says so, or what else there is to know.
    """

    issue: int
    what: str
    measured: float | None
    limit: float | None = None
    unit: str = "times"
    more_is_better: bool = False
    why: str = ""

    @property
    def holds(self) -> str:
        if self.limit is None or self.measured is None:
            return ""
        better = self.measured >= self.limit if self.more_is_better else self.measured <= self.limit
        return "yes" if better else "NO"

    @property
    def target(self) -> str:
        if self.limit is None:
            return ""
        return f"{'at least' if self.more_is_better else 'at most'} {_number(self.limit)}"

    def cells(self) -> tuple[str, ...]:
        shown = "" if self.measured is None else f"{_number(self.measured)} {self.unit}"
        what = f"{self.what} ({self.why})" if self.why else self.what
        return str(self.issue), what, shown, self.target, self.holds


def at_least(issue: int, what: str, measured: float, limit: float, unit: str = "times") -> Row:
    """A claim of which more is better."""
    return Row(issue, what, measured, limit, unit, more_is_better=True)


def not_measured(issue: int, what: str, why: str) -> Row:
    """What stands in the table all the same."""
    return Row(issue, what, None, why=f"not measured: {why}")


def table(rows: Sequence[Row], style: str = "simple") -> str:
    """All of ``rows``, by issue; ``style`` is one of tabulate's."""
    ordered = sorted(rows, key=lambda row: row.issue)
    heads = ("issue", "what", "measured", "target", "holds")
    return tabulate([row.cells() for row in ordered], heads, tablefmt=style, disable_numparse=True)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.2f}"
