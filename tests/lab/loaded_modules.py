"""PsLoadedModuleList, and the drivers that were unloaded.

SOURCES 6.1 (KLDR_DATA_TABLE_ENTRY) and 6.2 (MmUnloadedDrivers: 50 entries, MmLastUnloadedDriver is
the next index).
"""

from __future__ import annotations

from typing import NamedTuple

from .registrations import KERNEL
from .world import BOOT_TIME, LoadedImage, World

__all__ = [
    "UNLOADED",
    "UnloadedDriver",
    "image_path",
    "mark_as_hotpatch",
    "rename_file",
    "rename_module",
    "write_loaded_modules",
    "write_unloaded_drivers",
]


class _Entry(NamedTuple):
    """Offsets in a KLDR_DATA_TABLE_ENTRY, which is older than its public type (10240)."""

    size: int
    exception_table: int
    dll_base: int
    entry_point: int
    size_of_image: int
    full_dll_name: int
    base_dll_name: int
    flags: int
    load_count: int
    checksum: int
    time_date_stamp: int


_ENTRIES = {
    4: _Entry(0x5C, 0x08, 0x18, 0x1C, 0x20, 0x24, 0x2C, 0x34, 0x38, 0x40, 0x58),
    8: _Entry(0xA0, 0x10, 0x30, 0x38, 0x40, 0x48, 0x58, 0x68, 0x6C, 0x78, 0x9C),
}
# Flags of a running driver, as `dt` shows them: LDRP_ENTRY_PROCESSED and their like.
_FLAGS = 0x4910_4000


class UnloadedDriver(NamedTuple):
    """A driver that was there; ``start`` and ``end`` relative to the first driver's base."""

    name: str
    start: int
    end: int
    seconds_after_boot: int


UNLOADED = (
    UnloadedDriver("dump_storahci.sys", 0x20_0000, 0x21_3000, 40),
    UnloadedDriver("trialav.sys", 0x24_0000, 0x24_8000, 5400),
)
_SLOTS = 50


def write_loaded_modules(world: World) -> list[int]:
    """Links an entry for every image, nt first; their VAs."""
    world.nonpaged.new_page()
    entries = [_write_entry(world, image) for image in world.images.values()]
    world.nonpaged.new_page()
    world.space.link(world.nt("PsLoadedModuleList"), entries)
    return entries


def image_path(file_name: str) -> str:
    """The FullDllName of an image."""
    folder = "" if file_name == KERNEL else "drivers\\"
    return f"\\SystemRoot\\system32\\{folder}{file_name}"


def rename_module(world: World, entry: int, name: str) -> None:
    """Gives a module another BaseDllName."""
    _write_name(world, entry + _ENTRIES[world.profile.pointer_size].base_dll_name, name)


def rename_file(world: World, entry: int, name: str) -> None:
    """Gives a module another FullDllName, too."""
    _write_name(world, entry + _ENTRIES[world.profile.pointer_size].full_dll_name, image_path(name))
    rename_module(world, entry, name)


def mark_as_hotpatch(world: World, entry: int) -> None:
    """Sets KLDR_DATA_TABLE_ENTRY.HotPatch, bit 9 behind SignatureLevel, SignatureType, Frozen."""
    place = entry + (0x6E if world.profile.pointer_size == 8 else 0x3A)
    world.space.write_unsigned(place, 2, world.space.unsigned(place, 2) | 1 << 9)


# Up to Vista an entry ends before SizeOfImageNotRounded and TimeDateStamp, and the file's name lies
# there (SOURCES 6.1).
_HAS_TIME_DATE_STAMP = 7600


def _write_entry(world: World, loaded: LoadedImage) -> int:
    layout = _ENTRIES[world.profile.pointer_size]
    space, pointer = world.space, world.profile.pointer_size
    is_short = world.profile.build < _HAS_TIME_DATE_STAMP
    name = loaded.file_name.encode("utf-16-le") + bytes(2)
    size = layout.time_date_stamp - 4 if is_short else layout.size
    entry = world.nonpaged.allocate(size + len(name) if is_short else size, b"MmLd")
    table, table_size = loaded.image.exception_table()
    space.write_pointer(entry + layout.exception_table, table)
    space.write_unsigned(entry + layout.exception_table + pointer, 4, table_size)
    space.write_pointer(entry + layout.dll_base, loaded.base)
    space.write_pointer(entry + layout.entry_point, loaded.image.entry_point)
    space.write_unsigned(entry + layout.size_of_image, 4, loaded.image.size)
    _write_name(world, entry + layout.full_dll_name, image_path(loaded.file_name))
    if is_short:
        space.write(entry + size, name)
        space.write_unicode_string(
            entry + layout.base_dll_name, entry + size, len(name) - 2, len(name)
        )
    else:
        _write_name(world, entry + layout.base_dll_name, loaded.file_name)
        space.write_unsigned(entry + layout.time_date_stamp, 4, loaded.image.time_date_stamp)
    space.write_unsigned(entry + layout.flags, 4, _FLAGS)
    space.write_unsigned(entry + layout.load_count, 2, 1)
    space.write_unsigned(entry + layout.checksum, 4, loaded.image.checksum)
    return entry


def _write_name(world: World, place: int, text: str) -> None:
    buffer, length = world.nonpaged.text(text, b"MmLd", terminated=True)
    world.space.write_unicode_string(place, buffer, length, length + 2)


def write_unloaded_drivers(world: World) -> None:
    """Fills MmUnloadedDrivers: Name, StartAddress, EndAddress, CurrentTime."""
    pointer = world.profile.pointer_size
    size = 0x28 if pointer == 8 else 0x18
    array = world.nonpaged.allocate(_SLOTS * size, b"MmDT")
    base = world.profile.driver_base
    for index, driver in enumerate(UNLOADED):
        slot = array + index * size
        buffer, length = world.nonpaged.text(driver.name, b"MmDT", terminated=False)
        world.space.write_unicode_string(slot, buffer, length, length)
        world.space.write_pointer(slot + 2 * pointer, base + driver.start)
        world.space.write_pointer(slot + 3 * pointer, base + driver.end)
        moment = BOOT_TIME + driver.seconds_after_boot * 10_000_000
        world.space.write_unsigned(slot + 4 * pointer, 8, moment)
    world.set_pointer("MmUnloadedDrivers", array)
    world.set_ulong("MmLastUnloadedDriver", len(UNLOADED))
