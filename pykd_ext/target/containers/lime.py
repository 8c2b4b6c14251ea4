"""LiME: ranges of physical memory, each behind a header of its own.

Header: LiME's doc/README.md (504ensicsLabs/LiME), version 1: magic, version, first and last
physical address, eight reserved bytes.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from ..fields import unpack_at
from ..physical import PAGE
from .container import StoredContainer, damaged

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes


_MAGIC = b"EMiL"
_KIND = "LiME image"
_HEADER = Struct("<4sIQQ8x")  # magic, version, first address, last address
_MOST_RANGES = 4096


def detect(head: bytes, _: str) -> bool:
    return head.startswith(_MAGIC)


def open_container(data: FileBytes) -> Container:
    return StoredContainer(_KIND, data, _ranges(data))


def _ranges(data: FileBytes) -> list[tuple[int, int, int]]:
    runs: list[tuple[int, int, int]] = []
    at = 0
    while at + _HEADER.size <= len(data):
        magic, _, first, last = unpack_at(_HEADER, data, at)
        if magic != _MAGIC or last < first or first % PAGE:
            if runs:  # what follows the last range is padding, or what was lost
                break
            raise damaged(data.path, _KIND, f"no range begins at {at:#x}")
        if len(runs) == _MOST_RANGES:
            raise damaged(data.path, _KIND, f"more than {_MOST_RANGES} ranges")
        at += _HEADER.size
        runs.append((first // PAGE, (last + 1 - first) // PAGE, at))
        at += last + 1 - first
    return runs
