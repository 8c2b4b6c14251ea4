"""Allocated altitudes as a table."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from ..triage.altitudes import Allocation, Group

__all__ = ["NO_PROOF", "allocation_text", "allocations_table"]

NO_PROOF = (
    "Microsoft allocates these to file system minifilters. Many drivers use theirs for the\n"
    "registry too, none has to: a name is a hint, not proof."
)


def allocations_table(found: Sequence[Allocation], group: Group | None = None) -> str:
    """A row an allocation, below the load order group where ``group`` is given."""
    rows = [(each.altitude, each.driver_file, each.company, each.group) for each in found]
    lines = [f"load order group {group.name}: {group.low} to {group.high}"] if group else []
    titles = ("Altitude", "Driver", "Company", "Load order group")
    lines.append(tabulate(rows, titles, tablefmt="simple", disable_numparse=True))
    return "\n".join([*lines, NO_PROOF])


def allocation_text(found: Sequence[Allocation]) -> str:
    """``WdFilter.sys (Microsoft)``, of several the first and how many more; empty for none."""
    if not found:
        return ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0].driver_file} ({found[0].company}){more}"
