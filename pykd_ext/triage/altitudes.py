"""To whom Microsoft has allocated which altitudes.

The list is Microsoft's page "Allocated filter altitudes" (see NOTICE). It allocates altitudes to
file system minifilters. Many drivers use the same one for the registry, but nothing makes them: a
name found here is a hint of who a callback belongs to, another name is no proof against it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..kernel.altitude_order import AltitudeKey, altitude_key
from ..packaged import packaged_text

__all__ = [
    "GROUPS", "TABLE", "Allocation", "Group", "allocations", "driver_file_name",
    "find", "group_of", "neighbours", "of_driver", "search",
]  # fmt: skip

TABLE = Path(__file__).with_name("altitudes.csv")
GROUPS = Path(__file__).with_name("altitude_groups.csv")


class Allocation(NamedTuple):
    """One row of the list; ``driver_file`` may carry a remark, as in ``x.sys (Renamed)``."""

    altitude: str
    driver_file: str
    company: str
    group: str


class Group(NamedTuple):
    """A load order group: altitudes from ``low`` to ``high``."""

    name: str
    low: int
    high: int


@cache
def allocations() -> tuple[Allocation, ...]:
    """The whole list, in its order: the highest altitude first."""
    return tuple(Allocation(*row) for row in _rows(TABLE))


def find(altitude: str) -> tuple[Allocation, ...]:
    """To whom ``altitude`` is allocated; more than one for a driver's several files or names."""
    return _by_key().get(altitude_key(altitude), ())


def of_driver(file_name: str) -> tuple[Allocation, ...]:
    """What is allocated to the driver with that file name, in any case."""
    return _by_driver().get(file_name.lower(), ())


def driver_file_name(allocation: Allocation) -> str:
    """In lower case, without the remarks of the list: ``hznprotect.sys(Renamed)``."""
    stem, dot, _ = allocation.driver_file.lower().partition(".sys")
    return f"{stem}.sys" if dot else allocation.driver_file.lower()


def search(text: str) -> tuple[Allocation, ...]:
    """The rows whose driver file or company contains ``text``, in any case."""
    word = text.lower()
    return tuple(
        each
        for each in allocations()
        if word in each.driver_file.lower() or word in each.company.lower()
    )


def neighbours(altitude: str) -> tuple[Allocation | None, Allocation | None]:
    """The allocations next above and next below an altitude."""
    key = altitude_key(altitude)
    ordered = sorted(_by_key())
    above = next((each for each in ordered if each > key), None)
    below = next((each for each in reversed(ordered) if each < key), None)
    return (
        _by_key()[above][0] if above else None,
        _by_key()[below][0] if below else None,
    )


def group_of(altitude: str) -> Group | None:
    """The load order group whose range ``altitude`` lies in, None for none."""
    integer, point, fraction = altitude.partition(".")
    if not _is_digits(integer) or (point and not _is_digits(fraction)):
        return None
    key = altitude_key(altitude)  # not int(): Python refuses more than 4300 digits
    return next((each for each in _groups() if _from(each.low) <= key < _from(each.high + 1)), None)


def _from(number: int) -> AltitudeKey:
    return altitude_key(str(number))


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


@cache
def _groups() -> tuple[Group, ...]:
    return tuple(Group(name, int(low), int(high)) for name, low, high in _rows(GROUPS))


@cache
def _by_key() -> dict[AltitudeKey, tuple[Allocation, ...]]:
    found: dict[AltitudeKey, list[Allocation]] = {}
    for each in allocations():
        found.setdefault(altitude_key(each.altitude), []).append(each)
    return {key: tuple(rows) for key, rows in found.items()}


@cache
def _by_driver() -> dict[str, tuple[Allocation, ...]]:
    found: dict[str, list[Allocation]] = {}
    for each in allocations():
        found.setdefault(driver_file_name(each), []).append(each)
    return {name: tuple(rows) for name, rows in found.items()}


def _rows(path: Path) -> Iterator[list[str]]:
    rows = csv.reader(packaged_text(__name__, path.name).splitlines())
    next(rows)  # the titles
    yield from rows
