"""Fields of raw bytes: single numbers, arrays of words, and structures by their fields' names.

All that Windows keeps, and all of its files, is little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from mmap import mmap
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar, Union

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = ["Record", "unpack_at", "unsigned", "words"]

Raw = Union[bytes, bytearray, memoryview, mmap]

_T = TypeVar("_T")
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def unsigned(raw: Raw | FileBytes, offset: int = 0, size: int | None = None) -> int:
    """The number in ``size`` bytes from ``offset`` on (all bytes for None, as many as there are
    where that is less)."""
    return int.from_bytes(raw[offset : None if size is None else offset + size], "little")


def unpack_at(layout: struct.Struct, raw: Raw | FileBytes, offset: int = 0) -> tuple[Any, ...]:
    """The structure at ``offset``; raises struct.error where ``raw`` ends before it does."""
    return layout.unpack(raw[offset : offset + layout.size])


def words(raw: Raw, size: int) -> tuple[int, ...]:
    """The numbers of ``size`` bytes each (1, 2, 4, 8) that ``raw`` is an array of; a rest that is
    less than one is left out."""
    return struct.unpack_from(f"<{len(raw) // size}{_CODES[size]}", raw)


class Record(Generic[_T]):
    """A structure of fixed layout: ``layout`` as :mod:`struct` has it, with ``x`` for what nobody
    asks for, and what to make of the fields that are left (a NamedTuple's ``_make``)."""

    def __init__(self, layout: str, make: Callable[[Iterable[Any]], _T]) -> None:
        self._struct = struct.Struct(f"<{layout}")
        self._make = make
        self.size = self._struct.size  # in bytes

    def read(self, raw: Raw | FileBytes, offset: int = 0) -> _T:
        """The one at ``offset``; raises struct.error where ``raw`` ends before it does."""
        return self._make(unpack_at(self._struct, raw, offset))

    def each(self, raw: Raw) -> Iterator[_T]:
        """Those that ``raw`` is an array of; a rest that is less than one is left out."""
        whole = memoryview(raw)[: len(raw) // self.size * self.size]
        return map(self._make, self._struct.iter_unpack(whole))
