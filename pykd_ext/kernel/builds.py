"""Builds of Windows by their names, and the one way to pick a table's row by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from ..target.errors import UnsupportedTarget

if TYPE_CHECKING:
    from ..target import Target

__all__ = [
    "DERIVED",
    "GUESS",
    "NEWEST",
    "PUBLIC",
    "REAL",
    "VERIFIED",
    "Provenance",
    "Row",
    "Table",
    "has_vector",
    "refusals_stand",
    "windows_version",
]

# The first build of each; XP's is the only one that it had.
XP = 2600
SERVER_2003 = 3790
VISTA = 6000
VISTA_SP1 = 6001
WINDOWS_7 = 7600
WINDOWS_7_SP1 = 7601
WINDOWS_8 = 9200
WINDOWS_8_1 = 9600
V1507 = 10240
V1511 = 10586
V1607 = 14393
V1703 = 15063
V1709 = 16299
V1803 = 17134
V1809 = 17763
V1903 = 18362
V2004 = 19041
WINDOWS_10_22H2 = 19045  # the last of Windows 10, and so of x86
FIRST_LA57 = 20231  # that has a kernel for five levels of page tables, ntkrla57.exe
SERVER_2022 = 20348
V21H2 = 22000  # Windows 11
V22H2 = 22621
V23H2 = 22631
V24H2 = 26100
V26H1 = 28000

# By architecture the newest build that somebody has looked at; of ARM64 there was none. Tables that
# know more, or less, say so themselves.
NEWEST = {"x64": V26H1, "x86": WINDOWS_10_22H2}

# How well a fact about Windows is known, the best first.
REAL = "real"  # a Microsoft kernel, dump or PDB did it, or held it
VERIFIED = "verified"  # the kernel in front of the user did it, under regcb verify
PUBLIC = "public"  # documentation, headers, public types, others' published readings of the code
DERIVED = "derived"  # follows by alignment from what another architecture or build does
GUESS = "guess"

_T = TypeVar("_T")


class Row(Generic[_T]):
    """What holds from the build ``first`` on, until the table's next row."""

    __slots__ = ("first", "known", "source", "value")

    def __init__(self, first: int, value: _T, known: str, source: str) -> None:
        self.first = first
        self.value = value
        self.known = known
        self.source = source


class Provenance(NamedTuple):
    """How a layout is known: one of this file's words, by which source; ``doubt`` is a sentence for
    the user where neither is good enough for the target's build, else None."""

    known: str
    source: str
    doubt: str | None


class Table(Generic[_T]):
    """Rows by architecture and build.

    ``what`` says in a sentence's words what the rows are of, ``ask`` how the user can have a
    doubtful one tried, ``newest`` is for each architecture the newest build that was looked at. An
    architecture without rows is not known at all; ``rows`` are sorted, the newest first.
    """

    def __init__(
        self,
        what: str,
        rows: Mapping[str, Sequence[Row[_T]]],
        ask: str | None = None,
        newest: Mapping[str, int] = NEWEST,
    ) -> None:
        self._what = what
        self._ask = f"; {ask}" if ask else ""
        self._newest = newest
        self.rows = {
            architecture: sorted(each, key=lambda row: -row.first)
            for architecture, each in rows.items()
        }
        self._given: WeakKeyDictionary[Target, tuple[_T, Provenance]] = WeakKeyDictionary()

    def layout(self, target: Target) -> _T:
        """What holds for ``target``; raises UnsupportedTarget where that is not known."""
        given = self._given.get(target)
        return given[0] if given else self.value(target.architecture, target.build)

    def how_known(self, target: Target) -> Provenance:
        """How that is known; raises UnsupportedTarget where it is not."""
        given = self._given.get(target)
        return given[1] if given else self.provenance(target.architecture, target.build)

    def give(self, target: Target, value: _T, provenance: Provenance) -> None:
        """Lets ``value`` serve in place of the row as long as ``target`` lives."""
        self._given[target] = value, provenance

    def value(self, architecture: str, build: int) -> _T:
        """What holds for ``build``; raises UnsupportedTarget where that is not known."""
        return self._known_row(architecture, build).value

    def row(self, architecture: str, build: int) -> Row[_T] | None:
        """The row of ``build``; None before the first one, and for an unknown architecture."""
        rows = self.rows.get(architecture, ())
        return next((row for row in rows if build >= row.first), None)

    def is_newer(self, architecture: str, build: int) -> bool:
        """Whether nobody has looked at a build as new as this one."""
        return build > self._newest.get(architecture, 0)

    def provenance(self, architecture: str, build: int) -> Provenance:
        """How the row of ``build`` is known; raises UnsupportedTarget where there is none."""
        row = self._known_row(architecture, build)
        return Provenance(row.known, row.source, self._doubt(architecture, build, row))

    def _known_row(self, architecture: str, build: int) -> Row[_T]:
        row = self.row(architecture, build)
        if row is None:
            raise UnsupportedTarget(
                f"{self._what} is not known of build {build} of Windows for {architecture}"
            )
        return row

    def _doubt(self, architecture: str, build: int, row: Row[_T]) -> str | None:
        newest = self._newest.get(architecture, 0)
        if not newest:
            return f"{self._what} on {architecture} is {row.known}: nobody looked at one{self._ask}"
        if build > newest:
            return f"{self._what} is that of build {newest}, the newest looked at{self._ask}"
        if row.known in (DERIVED, GUESS):
            return f"{self._what} on {architecture} build {build} is {row.known}{self._ask}"
        return None


def has_vector(build: int) -> bool:
    """Whether this build is XP or Server 2003: CmpCallBackVector in place of CallbackListHead."""
    return build < VISTA


def refusals_stand(build: int) -> bool:
    """Whether no post-notification changes what the caller of a refused operation gets: on Vista
    (SOURCES 3.3)."""
    return VISTA <= build < WINDOWS_7


# The number of an NT version by its first build; the build itself follows.
_VERSIONS = ((V1507, "10.0"), (WINDOWS_8_1, "6.3"), (WINDOWS_8, "6.2"), (WINDOWS_7, "6.1"),
             (VISTA, "6.0"), (SERVER_2003, "5.2"), (XP, "5.1"))  # fmt: skip


def windows_version(build: int) -> str:
    """``10.0.19041`` for 19041, ``6.1.7601`` for 7601; the bare number for a build before XP."""
    for first, version in _VERSIONS:
        if build >= first:
            return f"{version}.{build}"
    return str(build)
