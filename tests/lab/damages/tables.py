"""Tables of an image that a linker with other options would have made, written into its memory."""

from __future__ import annotations

import struct

from ..scene import Scene
from ..world import LoadedImage

__all__ = ["add_guard_table", "add_hotpatch_table", "add_unwind_rows"]

_EXCEPTION, _LOAD_CONFIG = 3, 10  # data directories
_UNWIND_NOTHING = b"\x01\0\0\0"  # UNWIND_INFO, version 1
_GUARD_PRESENT = 0x400  # IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT


def add_unwind_rows(scene: Scene, image: LoadedImage, rvas: list[tuple[int, int]]) -> None:
    """Gives a 64-bit image .pdata with a row for each (start, end)."""
    table = _free(image, 0xC00)
    rows = b""
    for start, end in sorted(rvas):
        if scene.world.profile.architecture == "arm64":
            rows += struct.pack("<II", start, (end - start) // 4 << 2 | 1)
        else:
            rows += struct.pack("<III", start, end, table)
    scene.world.space.write(image.base + table, _UNWIND_NOTHING + rows)
    _set_directory(scene, image, _EXCEPTION, table + len(_UNWIND_NOTHING), len(rows))


def add_guard_table(scene: Scene, image: LoadedImage, rvas: list[int]) -> None:
    """Gives an image a table of the functions whose address is taken (GFIDS)."""
    pointer = scene.world.profile.pointer_size
    table = _free(image, 0xD00)
    scene.world.space.write(image.base + table, struct.pack(f"<{len(rvas)}I", *sorted(rvas)))
    place = _load_config(scene, image)
    fields = 0x80 if pointer == 8 else 0x50
    scene.world.space.write_pointer(place + fields, image.base + table)
    scene.world.space.write_pointer(place + fields + pointer, len(rvas))
    scene.world.space.write_unsigned(place + fields + 2 * pointer, 4, _GUARD_PRESENT)


def add_hotpatch_table(scene: Scene, image: LoadedImage, time_date_stamp: int) -> None:
    """Makes an image the hotpatch of the one with that stamp: IMAGE_HOT_PATCH_INFO and one
    IMAGE_HOT_PATCH_BASE."""
    info = _free(image, 0xD00)
    raw = struct.pack("<6I", 2, 0x18, 1, 0x18, 1, 0)
    raw += struct.pack("<8I", 1, 0, time_date_stamp, 0, 0, 0, 0, 0)
    scene.world.space.write(image.base + info, raw)
    field = 0xF0 if scene.world.profile.pointer_size == 8 else 0x94
    scene.world.space.write_unsigned(_load_config(scene, image) + field, 4, info)


def _load_config(scene: Scene, image: LoadedImage) -> int:
    """The VA of an IMAGE_LOAD_CONFIG_DIRECTORY that the image has from now on."""
    config = _free(image, 0xE00)
    size = 0x140 if scene.world.profile.pointer_size == 8 else 0xC0
    scene.world.space.write(image.base + config, struct.pack("<I", size) + bytes(size - 4))
    _set_directory(scene, image, _LOAD_CONFIG, config, size)
    return image.base + config


def _free(image: LoadedImage, offset: int) -> int:
    """An RVA behind the code in the page of the section PAGE, which is filled to less than that."""
    section = next(each for each in image.image.sections if each.name == "PAGE")
    if section.size > offset:
        raise ValueError(f"{image.file_name} has no room for a table")
    return section.rva + offset


def _set_directory(scene: Scene, image: LoadedImage, index: int, rva: int, size: int) -> None:
    space = scene.world.space
    header = image.base + space.unsigned(image.base + 0x3C, 4)
    table = header + 24 + (112 if scene.world.profile.pointer_size == 8 else 96)
    space.write(table + 8 * index, struct.pack("<II", rva, size))
