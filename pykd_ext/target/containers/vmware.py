"""VMware: ``.vmem`` with a suspended machine's ``.vmss``, or a snapshot's ``.vmsn``, beside it.

That file has groups of tags; ``memory`` says where each region of physical memory lies in the
``.vmem``, ``cpu`` has the registers (volatility3's vmware layer, LeechCore's device_vmware.c). A
``.vmem`` alone is raw up to 3 GiB; what is above lies from 4 GiB on, as VMware's machines have it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from struct import Struct, error
from typing import TYPE_CHECKING

from ..fields import unsigned
from ..file_bytes import MappedFile, map_file
from ..locations import is_url
from ..physical import PAGE, Hints
from .container import StoredContainer, damaged

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes


_KIND = "VMware image"
_BESIDE = (".vmss", ".vmsn")
_MAGICS = {0xBED2BED0, 0xBAD1BAD1, 0xBED2BED2, 0xBED3BED3}
_HEADER = Struct("<I4xI")  # magic, how many groups
_GROUP = Struct("<64sQQ")  # name, file offset, bytes
_MOST_GROUPS, _MOST_TAGS = 1024, 100_000
_LONGEST = 16  # bytes that are wanted of a value

_SIZES_FOLLOW = (62, 63)  # in place of a size: two of eight bytes, and padding
_REGION = {b"regionPPN", b"regionPageNum", b"regionSize"}
_LOW_FRAMES, _HIGH_FRAME = 0xC0000, 0x100000  # 3 and 4 GiB


def detect(_: bytes, name: str) -> bool:
    return name.lower().endswith(".vmem")


def open_container(data: FileBytes) -> Container:
    stem = data.path[: -len(".vmem")]
    for end in _BESIDE:
        if os.path.exists(stem + end):
            runs, hints = _read_state(stem + end)
            whole = [(0, len(data) // PAGE, 0)]
            return StoredContainer(_KIND, data, runs or whole, hints)
    frames = len(data) // PAGE
    low = min(frames, _LOW_FRAMES)
    image = StoredContainer(_KIND, data, [(0, low, 0), (_HIGH_FRAME, frames - low, low * PAGE)])
    if frames > low:
        is_missing = "is not looked for at a URL" if is_url(data.path) else "is not there"
        image.problems.append(
            f"{' or '.join(stem + end for end in _BESIDE)} {is_missing}: what lies above 3 "
            "GiB in the file is taken for the memory from 4 GiB on"
        )
    return image


def _read_state(path: str) -> tuple[list[tuple[int, int, int]], Hints]:
    """Raises TargetError where its groups and tags do not hold together."""
    data = map_file(path)
    try:
        tags = list(_tags(data, path))
    except (error, IndexError):
        raise damaged(path, _KIND, "a tag leads out of the file") from None
    finally:
        data.close()
    regions: dict[int, dict[bytes, int]] = {}
    tables, code, interrupts = [], [], []
    for name, indices, value in tags:
        number = unsigned(value, 0, 8)
        if name in _REGION and indices:
            regions.setdefault(indices[0], {})[name] = number
        elif name == b"CR64" and indices[1:] == (3,):
            tables.append(number)
        elif name == b"rip":
            code.append(number)
        elif name == b"IDTR":
            interrupts.append(unsigned(value, 2, 8))
    runs = [
        (region[b"regionPPN"], region[b"regionSize"], region[b"regionPageNum"] * PAGE)
        for region in regions.values()
        if region.keys() >= _REGION
    ]
    return runs, Hints(tuple(tables), tuple(code), tuple(interrupts), is_frozen=True)


def _tags(data: MappedFile, path: str) -> Iterator[tuple[bytes, tuple[int, ...], bytes]]:
    magic, groups = _HEADER.unpack_from(data)
    if magic not in _MAGICS or groups > _MOST_GROUPS:
        raise damaged(path, _KIND, f"it starts with {magic:#x}")
    left = _MOST_TAGS
    for index in range(groups):
        name, at, _ = _GROUP.unpack_from(data, _HEADER.size + index * _GROUP.size)
        if name.rstrip(b"\0") not in (b"memory", b"cpu"):
            continue
        while left:
            left -= 1
            flags, length = data[at], data[at + 1]
            if not flags and not length:
                break
            tag = data[at + 2 : at + 2 + length]
            indices = Struct(f"<{flags >> 6}I")
            at += 2 + length
            where = indices.unpack_from(data, at)
            at += indices.size
            size = flags & 0x3F
            if size in _SIZES_FOLLOW:
                size, _, padding = Struct("<QQH").unpack_from(data, at)
                at += 18 + padding
            yield tag, where, data[at : at + min(size, _LONGEST)]
            at += size
