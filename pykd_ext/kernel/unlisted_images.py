"""Images that PsLoadedModuleList does not name: a driver that hides, or was mapped by hand."""

from __future__ import annotations

from typing import NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.image import pdb_reference, size_of_image
from ..target.memory import PAGE, Memory

__all__ = ["UnlistedImage", "unlisted_image"]

_MOST_PAGES = 0x800  # 8 MiB of a driver before the address


class UnlistedImage(NamedTuple):
    """The VA that its PE header is at, and the PDB that it was linked with, where it names one."""

    base: int
    pdb: str | None


def unlisted_image(memory: Memory, address: int) -> UnlistedImage | None:
    """The image that ``address`` lies in, by the closest PE header on a page before it; None
    where none is found within 8 MiB (2,048 reads), or its SizeOfImage ends before ``address``."""
    page = address & ~(PAGE - 1)
    for base in range(page, max(0, page - _MOST_PAGES * PAGE), -PAGE):
        if not memory.is_there(base):
            continue
        try:
            size = size_of_image(memory, base)
        except MemoryUnreadable:
            continue
        if size:
            return UnlistedImage(base, _pdb(memory, base)) if address - base < size else None
    return None


def _pdb(memory: Memory, base: int) -> str | None:
    try:
        reference = pdb_reference(memory, base)
    except MemoryUnreadable:
        return None
    return reference.name if reference else None
