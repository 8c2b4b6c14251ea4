"""PsLoadedModuleList: the kernel's own list of loaded images.

Read from memory, because the list is evidence and a debugger's copy of it is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .errors import MemoryUnreadable
from .memory import Memory

__all__ = ["LoadedModule", "loaded_modules"]

_LIMIT = 10_000


class _Layout(NamedTuple):
    """Offsets in bytes in KLDR_DATA_TABLE_ENTRY (LDR_DATA_TABLE_ENTRY before Windows 10)."""

    dll_base: int
    size_of_image: int
    full_dll_name: int
    base_dll_name: int
    time_date_stamp: int
    size: int


# Public PDBs, XP to 11; by pointer size (FACTS 6.1: vergilius-rs, SymStore agree).
_LAYOUTS = {
    4: _Layout(0x18, 0x20, 0x24, 0x2C, 0x58, 0x5C),
    8: _Layout(0x30, 0x40, 0x48, 0x58, 0x9C, 0xA0),
}


class LoadedModule(NamedTuple):
    """One KLDR_DATA_TABLE_ENTRY. ``name`` and ``path`` are None where they cannot be read."""

    entry: int
    name: str | None
    path: str | None
    base: int
    size: int
    time_date_stamp: int


def loaded_modules(memory: Memory, head: int) -> Iterator[LoadedModule]:
    """The modules in load order, nt first; ``head`` is the VA of nt!PsLoadedModuleList.

    Raises MemoryUnreadable where a link or an entry cannot be read; what came before it stands.
    """
    layout = _LAYOUTS[memory.pointer_size]
    for entry in memory.list_entries(head, _LIMIT):
        yield _module(memory, layout, entry)


def _module(memory: Memory, layout: _Layout, entry: int) -> LoadedModule:
    raw = memory.read(entry, layout.size)
    pointer = memory.pointer_size

    def field(offset: int, size: int) -> int:
        return int.from_bytes(raw[offset : offset + size], "little")

    return LoadedModule(
        entry=entry,
        name=_text(memory, raw[layout.base_dll_name :]),
        path=_text(memory, raw[layout.full_dll_name :]),
        base=field(layout.dll_base, pointer),
        size=field(layout.size_of_image, 4),
        time_date_stamp=field(layout.time_date_stamp, 4),
    )


def _text(memory: Memory, raw: bytes) -> str | None:
    try:
        return memory.text(memory.parse_unicode_string(raw), limit=0x400)
    except MemoryUnreadable:
        return None
