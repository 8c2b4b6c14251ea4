"""Whether an image is the hotpatch of another, as Windows makes them.

Its name is the other's with ``_hotpatch``, its entry in PsLoadedModuleList says so from build 22000
on, and its load configuration names the image that it was made for: IMAGE_HOT_PATCH_INFO and
IMAGE_HOT_PATCH_BASE of winnt.h. A name alone anybody can give (SOURCES 7.2).
"""

from __future__ import annotations

from ..kernel.drivers import Owner
from ..target.errors import MemoryUnreadable
from ..target.image import DIRECTORY_LOAD_CONFIG, data_directory
from ..target.memory import Memory
from ..target.module_list import is_hotpatch_entry

__all__ = ["is_hotpatch_of"]

_SUFFIX = "_hotpatch"
_HOT_PATCH_TABLE_OFFSET = {4: 0x94, 8: 0xF0}  # IMAGE_LOAD_CONFIG_DIRECTORY.HotPatchTableOffset
_BASE_IMAGE_LIST, _BASE_IMAGE_COUNT = 0xC, 0x10  # of IMAGE_HOT_PATCH_INFO
_ORIGINAL_TIME_DATE_STAMP = 8  # of IMAGE_HOT_PATCH_BASE
_BASE_SIZE = 0x20  # bytes of one, at least
_MOST_BASES = 16


def is_hotpatch_of(memory: Memory, build: int, patch: Owner, owner: Owner) -> bool:
    """Whether the loaded image ``patch`` is a hotpatch of the loaded image ``owner``."""
    stem, _, extension = (owner.name or "").lower().rpartition(".")
    if not stem or (patch.name or "").lower() != f"{stem}{_SUFFIX}.{extension}":
        return False
    if patch.base is None or patch.entry is None or owner.time_date_stamp is None:
        return False
    try:
        marked = is_hotpatch_entry(memory, build, patch.entry)
        return marked is not False and _was_made_for(memory, patch.base, owner.time_date_stamp)
    except MemoryUnreadable:
        return False


def _was_made_for(memory: Memory, base: int, time_date_stamp: int) -> bool:
    config, size = data_directory(memory, base, DIRECTORY_LOAD_CONFIG)
    offset = _HOT_PATCH_TABLE_OFFSET[memory.pointer_size]
    if not config or min(size, memory.u32(base + config)) < offset + 4:
        return False
    info = memory.u32(base + config + offset)
    if not info:
        return False
    bases = info + memory.u32(base + info + _BASE_IMAGE_LIST)
    count = min(memory.u32(base + info + _BASE_IMAGE_COUNT), _MOST_BASES)
    return any(
        memory.u32(base + bases + index * _BASE_SIZE + _ORIGINAL_TIME_DATE_STAMP) == time_date_stamp
        for index in range(count)
    )
