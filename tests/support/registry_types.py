"""The kernel's types about keys and processes, as public PDBs have them: the tests' own source."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

__all__ = ["BUILDS", "Row", "row", "rows"]

Row = dict[str, int]  # offsets in bytes; SIZE; a bit-field as `name:bits`

_TYPES: dict[str, dict[str, dict[str, Row]]] = json.loads(
    Path(__file__).with_name("registry_types.json").read_text("utf-8")
)["types"]


def _number(version: str) -> int:
    """The build, 19041 for ``10.0.19041.264``."""
    return int(version.split(".")[2])


def rows(type_name: str, architecture: str) -> dict[int, Row]:
    """The rows of a type by the build that each holds from; ARM64 has x64's, but of a process."""
    tables = _TYPES[type_name]
    table = tables["x64" if architecture not in tables else architecture]
    return {_number(version): offsets for version, offsets in table.items()}


@cache
def row(type_name: str, architecture: str, build: int) -> Row:
    """The layout of one build; raises StopIteration for a build before the first."""
    found = rows(type_name, architecture)
    return found[next(first for first in sorted(found, reverse=True) if build >= first)]


# Every build at which something about keys changes, with one in between, and the newest.
BUILDS = [
    ("x64", build)
    for build in (3790, 6000, 6001, 7600, 7601, 9600, 14393, 16299, 18362, 19041, 22631, 28000)
] + [("x86", build) for build in (2600, 3790, 6000, 6001, 7601, 10586, 14393, 16299, 18362, 19041)]
