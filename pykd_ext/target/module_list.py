"""PsLoadedModuleList: the kernel's own list of loaded images.

Read from memory, because the list is evidence and a debugger's copy of it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .errors import Implausible, MemoryUnreadable
from .fields import unsigned
from .image import time_date_stamp
from .memory import Memory, UnicodeString

__all__ = [
    "LoadedModule",
    "debugger_name",
    "debugger_names",
    "first_module_base",
    "is_hotpatch_entry",
    "loaded_modules",
    "module_text",
    "module_time_date_stamp",
]

_LIMIT = 2_000  # a server has about 300


class _Layout(NamedTuple):
    """Offsets in bytes in KLDR_DATA_TABLE_ENTRY (LDR_DATA_TABLE_ENTRY before Windows 10)."""

    dll_base: int
    size_of_image: int
    full_dll_name: int
    base_dll_name: int
    size: int  # of what all builds have


# Public PDBs, XP to 11; by pointer size (SOURCES 6.1: vergilius-rs, SymStore agree).
_LAYOUTS = {
    4: _Layout(0x18, 0x20, 0x24, 0x2C, 0x34),
    8: _Layout(0x30, 0x40, 0x48, 0x58, 0x68),
}
# TimeDateStamp, from Windows 7 on: before, the name follows in its place.
_TIME_DATE_STAMP, _TIME_DATE_STAMP_SINCE = {4: 0x58, 8: 0x9C}, 7600


class LoadedModule(NamedTuple):
    """One KLDR_DATA_TABLE_ENTRY; its strings are read by :func:`module_text`, its time stamp by
    :func:`module_time_date_stamp`, only when needed. A small dump's list has all of them, and 0 for
    the entry."""

    entry: int
    base: int
    size: int
    full_dll_name: UnicodeString | str
    base_dll_name: UnicodeString | str
    time_date_stamp: int | None = None


def loaded_modules(memory: Memory, head: int) -> Iterator[LoadedModule]:
    """The modules in load order, nt first; ``head`` is the VA of nt!PsLoadedModuleList.

    Raises MemoryUnreadable where a link or an entry cannot be read, Implausible after 2,000
    modules; what came before it stands.
    """
    layout = _LAYOUTS[memory.pointer_size]
    for number, entry in enumerate(memory.list_entries(head, _LIMIT + 1)):
        if number == _LIMIT:
            raise Implausible(f"more than {_LIMIT} modules, the rest is not read")
        raw = memory.read(entry, layout.size)

        def field(offset: int, size: int, raw: bytes = raw) -> int:
            return unsigned(raw, offset, size)

        yield LoadedModule(
            entry=entry,
            base=field(layout.dll_base, memory.pointer_size),
            size=field(layout.size_of_image, 4),
            full_dll_name=memory.parse_unicode_string(raw[layout.full_dll_name :]),
            base_dll_name=memory.parse_unicode_string(raw[layout.base_dll_name :]),
        )


def module_time_date_stamp(memory: Memory, build: int, module: LoadedModule) -> int:
    """When the image was linked, as its header says, which Windows 7 and later keep in the list;
    raises MemoryUnreadable."""
    if module.time_date_stamp is not None:
        return module.time_date_stamp
    if build < _TIME_DATE_STAMP_SINCE:
        return time_date_stamp(memory, module.base)
    return memory.u32(module.entry + _TIME_DATE_STAMP[memory.pointer_size])


def first_module_base(memory: Memory, head: int) -> int:
    """The base of the first module alone; raises MemoryUnreadable."""
    return memory.pointer(memory.pointer(head) + _LAYOUTS[memory.pointer_size].dll_base)


# KLDR_DATA_TABLE_ENTRY.u1, a USHORT: SignatureLevel:4, SignatureType:3, Frozen:2, HotPatch:1, the
# last two since 22000 (SOURCES 6.1).
_FLAGS_OF_SIGNATURE = {4: 0x3A, 8: 0x6E}
_HOT_PATCH, _HOT_PATCH_SINCE = 1 << 9, 22000


def is_hotpatch_entry(memory: Memory, build: int, entry: int) -> bool | None:
    """Whether the entry at that VA is marked as a hotpatch, None on builds without the mark.

    Raises MemoryUnreadable.
    """
    if build < _HOT_PATCH_SINCE:
        return None
    return bool(memory.u16(entry + _FLAGS_OF_SIGNATURE[memory.pointer_size]) & _HOT_PATCH)


def module_text(memory: Memory, string: UnicodeString | str) -> str | None:
    """A module's name or path (512 characters at most), None where it cannot be read."""
    if isinstance(string, str):
        return string or None
    try:
        return memory.text(string, limit=0x400)
    except MemoryUnreadable:
        return None


def debugger_names(
    memory: Memory, modules: Iterable[LoadedModule], kernel_base: int
) -> Iterator[str]:
    """The name of each in dbgeng's symbols, ``nt`` at ``kernel_base``.

    A name that one before has, in whatever case, is followed by the base:
    ``netmon_fffff80416a30000``.
    """
    taken = {"nt"}
    for module in modules:
        if module.base == kernel_base:
            yield "nt"
            continue
        path = module_text(memory, module.full_dll_name)
        name = debugger_name(path, module_text(memory, module.base_dll_name))
        if name.lower() in taken:
            name = f"{name}_{module.base:x}"
        taken.add(name.lower())
        yield name


# Files that dbgeng calls by one name; seen in 10.0.15063, which goes by no pattern.
_OWN_NAMES = {
    **dict.fromkeys(("ntoskrnl.exe", "ntkrnlmp.exe", "ntkrnlpa.exe", "ntkrpamp.exe"), "nt"),
    **dict.fromkeys(
        ("halacpi.dll", "halapic.dll", "halaacpi.dll", "halmacpi.dll", "halmps.dll", "halsp.dll"),
        "hal",
    ),
    **dict.fromkeys(("kd1394.dll", "kdnet.dll", "kdusb.dll"), "kdcom"),
}


def debugger_name(path: str | None, name: str | None) -> str:
    """The name dbgeng gives to a driver's symbols: ``...\\my-driver.sys`` -> ``my_driver``.

    From the path, from the file name only where that is empty or unreadable; whatever is no ASCII
    letter or digit becomes ``_`` (seen in dbgeng 10.0.15063, tests/engine compares). A few files
    have a name of their own: ``halmacpi.dll`` is ``hal``.
    """
    leaf = (path or "").partition("\0")[0].replace("/", "\\").rpartition("\\")[2]
    leaf = leaf or name or "unknown"
    if leaf.lower() in _OWN_NAMES:
        return _OWN_NAMES[leaf.lower()]
    stem = leaf.rpartition(".")[0] or leaf
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in stem)
