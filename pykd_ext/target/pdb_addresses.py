"""Segment and offset, by which a PDB speaks of places, to and from RVAs.

DbiStream.html in LLVM's documentation, "Optional Debug Header Stream": an array of stream numbers,
among them the section headers and, for an image whose code was moved about after linking (the
kernels of XP to 7), the OMAPs: RVAs before the move to RVAs after it, and back.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from .errors import SymbolFileError
from .fields import words
from .image import SECTION_HEADER
from .msf import Msf, Stream

__all__ = ["Addresses", "PlacedName"]

_OMAP_TO_SOURCE, _OMAP_FROM_SOURCE, _SECTIONS, _SOURCE_SECTIONS = 3, 4, 5, 10
_NO_STREAM = 0xFFFF
_SUBSTREAM_SIZES = (24, 28, 32, 36, 40, 52)  # DBI header: what lies before the debug header
_DEBUG_HEADER_SIZE = 48
_MOST_SECTIONS = 0xFFFF

_Omap = list[tuple[int, int]]


class PlacedName(NamedTuple):
    """A symbol and where it starts."""

    segment: int
    offset: int
    name: str


class Addresses:
    """The address arithmetic of one PDB. Segments count from 1."""

    def __init__(self, msf: Msf, dbi: Stream) -> None:
        """Raises SymbolFileError when the PDB has no section headers."""
        self._to_source = _omap(_debug_stream(msf, dbi, _OMAP_TO_SOURCE))
        self._from_source = _omap(_debug_stream(msf, dbi, _OMAP_FROM_SOURCE))
        sections = None
        if self._from_source:
            sections = _debug_stream(msf, dbi, _SOURCE_SECTIONS)
        sections = sections or _debug_stream(msf, dbi, _SECTIONS)
        if sections is None:
            raise SymbolFileError(f"{dbi.name}: it holds no section headers")
        self._starts = _section_starts(sections)

    def rva(self, segment: int, offset: int) -> int | None:
        """The RVA of a place, None where the image has nothing of it."""
        if not 0 < segment <= len(self._starts):
            return None
        rva = self._starts[segment - 1] + offset
        return _mapped(self._from_source, rva) if self._from_source else rva

    def place(self, rva: int) -> tuple[int, int] | None:
        """The segment and offset of an RVA; a section lasts until the next one starts."""
        source = _mapped(self._to_source, rva) if self._to_source else rva
        if source is None:
            return None
        segment = bisect_right(self._starts, source)
        return (segment, source - self._starts[segment - 1]) if segment else None


def _debug_stream(msf: Msf, dbi: Stream, index: int) -> Stream | None:
    if 2 * index + 2 > dbi.word(_DEBUG_HEADER_SIZE):
        return None
    numbers = 64 + sum(dbi.word(size) for size in _SUBSTREAM_SIZES)
    number = dbi.word(numbers + 2 * index, 2)
    return None if number == _NO_STREAM else msf.stream(number)


def _section_starts(stream: Stream) -> list[int]:
    """Each section's RVA."""
    raw = stream.read(0, min(stream.size, _MOST_SECTIONS * SECTION_HEADER.size))
    return [each.address for each in SECTION_HEADER.each(raw)]


def _omap(stream: Stream | None) -> _Omap:
    """Microsoft, "OMAP structure" of dbghelp: pairs of RVAs, sorted by the first."""
    if stream is None:
        return []
    rvas = words(stream.read(0, stream.size & ~7), 4)
    return list(zip(rvas[0::2], rvas[1::2]))


def _mapped(omap: _Omap, rva: int) -> int | None:
    """Where ``rva`` was moved to; 0 in the map marks what the other image has not got."""
    index = bisect_right(omap, (rva, 0xFFFFFFFF)) - 1
    if index < 0 or not omap[index][1]:
        return None
    start, target = omap[index]
    return target + rva - start
