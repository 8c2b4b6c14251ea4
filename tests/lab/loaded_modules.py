"""PsLoadedModuleList, and the drivers that were unloaded.

FACTS 6.1 (KLDR_DATA_TABLE_ENTRY) and 6.2 (MmUnloadedDrivers: 50 entries, MmLastUnloadedDriver is
the next index).
"""

from __future__ import annotations

from typing import NamedTuple

from .registrations import KERNEL
from .world import BOOT_TIME, LoadedImage, World

__all__ = ["UNLOADED", "UnloadedDriver", "write_loaded_modules", "write_unloaded_drivers"]

_ENTRY = "_KLDR_DATA_TABLE_ENTRY"
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


def _write_entry(world: World, loaded: LoadedImage) -> int:
    # The type is public from 10240 on; before, its fields have the same places.
    entry = world.nonpaged.allocate(world.offsets.size(_ENTRY), b"MmLd")
    table, table_size = loaded.image.exception_table()
    world.fill(
        entry,
        _ENTRY,
        ExceptionTable=table,
        ExceptionTableSize=table_size,
        DllBase=loaded.base,
        EntryPoint=loaded.image.entry_point,
        SizeOfImage=loaded.image.size,
        Flags=_FLAGS,
        LoadCount=1,
        CheckSum=loaded.image.checksum,
        SizeOfImageNotRounded=loaded.image.size,
        TimeDateStamp=loaded.image.time_date_stamp,
    )
    world.fill_text(entry, _ENTRY, "FullDllName", image_path(loaded.file_name))
    world.fill_text(entry, _ENTRY, "BaseDllName", loaded.file_name)
    return entry


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
