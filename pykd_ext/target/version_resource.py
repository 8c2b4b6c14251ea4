"""What a mapped image says of itself in its version resource.

IMAGE_RESOURCE_DIRECTORY and its entries: winnt.h; VS_VERSIONINFO and String: Microsoft,
"VS_VERSIONINFO structure": a key in UTF-16 with its NUL, padding to four bytes, the value.
"""

from __future__ import annotations

from .image import DIRECTORY_RESOURCE, data_directory
from .memory import Memory

__all__ = ["company_name"]

_RT_VERSION = 16
_SUBDIRECTORY = 0x8000_0000
_MOST_ENTRIES = 64  # of a directory; of versions there is one
_LONGEST = 0x2000  # bytes of a version resource; Windows' own have 0x400
_COMPANY = "\1CompanyName\0".encode("utf-16-le")  # behind wType, which is 1: text
_LONGEST_NAME = 256  # bytes


def company_name(memory: Memory, base: int) -> str | None:
    """CompanyName of the image at ``base``, None without one; raises MemoryUnreadable."""
    rva, size = data_directory(memory, base, DIRECTORY_RESOURCE)
    if not size:
        return None
    root = base + rva
    entry = _entry(memory, root, _RT_VERSION)
    for _ in range(2):  # names, then languages: the first of each
        if entry is None or not entry & _SUBDIRECTORY:
            return None
        entry = _entry(memory, root + (entry & ~_SUBDIRECTORY), None)
    if entry is None or entry & _SUBDIRECTORY:
        return None
    data = root + entry  # IMAGE_RESOURCE_DATA_ENTRY: OffsetToData (an RVA), Size
    raw = memory.read(base + memory.u32(data), min(memory.u32(data + 4), _LONGEST))
    at = raw.find(_COMPANY)
    if at < 0:
        return None
    start = (at + len(_COMPANY) + 3) & ~3  # the resource lies on four bytes
    text = raw[start : start + _LONGEST_NAME].decode("utf-16-le", "replace")
    return text.partition("\0")[0].strip() or None


def _entry(memory: Memory, directory: int, wanted: int | None) -> int | None:
    """OffsetToData of the entry with that id, of the first for None."""
    count = memory.u16(directory + 12) + memory.u16(directory + 14)
    for place in range(directory + 16, directory + 16 + 8 * min(count, _MOST_ENTRIES), 8):
        if wanted is None or memory.u32(place) == wanted:
            return memory.u32(place + 4)
    return None
