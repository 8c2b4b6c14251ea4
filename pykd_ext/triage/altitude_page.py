"""Makes altitudes.csv and altitude_groups.csv anew from the source of Microsoft's page.

    python -m pykd_ext.triage.altitude_page allocated-altitudes.md

The page is windows-driver-docs-pr/ifs/allocated-altitudes.md of MicrosoftDocs/windows-driver-docs.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from .altitudes import GROUPS, TABLE, Allocation, Group

__all__ = ["PageError", "parse_page", "write_tables"]

_HEADING = re.compile(r"## *(?P<low>\d+) *- *(?P<high>\d+): *(?P<name>.+?) *$")
_ALTITUDE = re.compile(r"\d+(\.\d+)?")

# Not on that page, but on "Load order groups and altitudes for minifilter drivers".
_INFRASTRUCTURE = Group("FSFilter Infrastructure", 0, 19999)


class PageError(ValueError):
    """The page is not written as it was; ``str()`` names the line."""


def parse_page(lines: Iterable[str]) -> tuple[list[Group], list[Allocation]]:
    """The groups and the allocations of the page, in its order; raises PageError."""
    groups: list[Group] = []
    rows: list[Allocation] = []
    for number, line in enumerate(lines, 1):
        heading = _HEADING.match(line)
        if heading:
            groups.append(
                Group(heading["name"].strip("*"), int(heading["low"]), int(heading["high"]))
            )
        elif line.startswith("|") and groups:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0] != "Minifilter" and not set("".join(cells)) <= set("-: "):
                rows.append(_allocation(cells, groups[-1], number))
    if not rows:
        raise PageError("no table under a heading like '## 320000 - 329998: FSFilter Anti-Virus'")
    return groups, rows


def _allocation(cells: Sequence[str], group: Group, number: int) -> Allocation:
    if len(cells) != 3 or not _ALTITUDE.fullmatch(cells[1]):
        row = " | ".join(cells)
        raise PageError(f"line {number}: not 'Minifilter | Altitude | Company': {row!r:.200}")
    if not group.low <= float(cells[1]) < group.high + 1:
        raise PageError(f"line {number}: {cells[1]} is not in {group.low} - {group.high}")
    return Allocation(cells[1], cells[0], cells[2], group.name)


def write_tables(page: Path, table: Path = TABLE, groups_table: Path = GROUPS) -> int:
    """Writes both tables and returns the number of allocations; raises PageError, OSError."""
    groups, rows = parse_page(page.read_text("utf-8").splitlines())
    _write(table, Allocation._fields, rows)
    _write(groups_table, Group._fields, [*groups, _INFRASTRUCTURE])
    return len(rows)


def _write(path: Path, titles: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(titles)
        writer.writerows(rows)


if __name__ == "__main__":
    sys.stdout.write(f"{write_tables(Path(sys.argv[1]))} allocations\n")
