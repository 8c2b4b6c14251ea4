"""The pages of a dump that a current WinDbg has written: ``.dump /k``, ``/ka`` and ``/f``.

Behind the dump's header lie an RDMP_HEADER64, two words of its kind, and ranges of pages (a page
number, and how many follow), which the pages themselves follow in the same order:
kdmp-parser-structs.h (RDMP_HEADER64, KERNEL_RDMP_HEADER64, FULL_RDMP_HEADER64) and kdmp-parser.h,
which end the ranges at page 0, and those of a complete dump where all pages are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from struct import Struct
from typing import TYPE_CHECKING

from .errors import TargetError
from .fields import unpack_at
from .physical import PAGE

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = ["read_ranges"]

# Marker, Signature, ValidDump; FirstPageOffset; TotalNumberOfPages of FULL_RDMP_HEADER64.
_HEADER = Struct("<I4s4s 12x Q 8xQ")
_MAGIC = (0x40, b"RDMP", b"DUMP")
_RANGE = Struct("<QQ")
_READ = 1 << 20  # bytes at once


def read_ranges(
    data: FileBytes, header: int, is_complete: bool, path: str
) -> list[tuple[int, int, int]]:
    """As (first page number, page count, file offset); ``header`` is the size of the dump's own.
    The last may begin in the file and end behind it. Raises TargetError for a damaged header."""
    if header + _HEADER.size > len(data):
        raise TargetError(f"{path}: the dump is cut off in the header of its page ranges")
    *magic, first_page, total = unpack_at(_HEADER, data, header)
    if tuple(magic) != _MAGIC:
        raise TargetError(f"{path}: no header of page ranges at {header:#x} (found {magic[1]!r})")
    start = header + _HEADER.size
    if not start < first_page <= len(data) or (first_page - start) % _RANGE.size:
        raise TargetError(
            f"{path}: the page ranges at {start:#x} are damaged: they end at {first_page:#x} of "
            f"{len(data):#x} bytes"
        )
    runs, offset, left = [], first_page, total
    for base, count in takewhile(lambda pages: pages[0], _ranges(data, start, first_page)):
        if not count or (is_complete and count > left):
            raise TargetError(f"{path}: a page range is damaged ({count:#x} pages at {base:#x})")
        runs.append((base, count, offset))
        offset += count * PAGE
        left -= count
        if offset > len(data) or (is_complete and not left):
            break
    if not runs:
        raise TargetError(f"{path}: the dump has no page")
    return runs


def _ranges(data: FileBytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, _READ):
        yield from _RANGE.iter_unpack(data[at : min(at + _READ, end)])
