"""The machine's memory as tools for images write it, in place of a crash dump.

Written by struct from the formats' own documents (see pykd_ext/target/containers), with none of the
reader's code.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Callable, NamedTuple

from .physical_memory import PAGE
from .processor import Processor
from .world import World
from .xpress import pack_huffman, pack_xpress

__all__ = ["CONTAINERS", "HIBERNATION_HEADERS", "hibernation_header", "write_container"]

_Write = Callable[[Path, World, Processor], None]

_HOLE = 0xC0000  # frames: VMware leaves 3 to 4 GiB out of its file
_HIGH = 0x100000


def write_container(path: Path, kind: str, world: World, processor: Processor) -> None:
    """Writes the file; memory never allocated stays a hole."""
    CONTAINERS[kind](path, world, processor)


def _pages(world: World) -> Iterator[tuple[int, bytearray]]:
    yield from sorted(world.space.memory.frames.items())


def _top(world: World) -> int:
    base, count = world.space.memory.runs()[-1]
    return base + count


def _raw(path: Path, world: World, _: Processor) -> None:
    with path.open("wb") as file:
        for frame, page in _pages(world):
            file.seek(frame * PAGE)
            file.write(page)
        file.truncate(_top(world) * PAGE)


def _gzip(path: Path, world: World, processor: Processor) -> None:
    plain = path.with_suffix(".plain")
    _raw(plain, world, processor)
    path.write_bytes(gzip.compress(plain.read_bytes(), 1))
    plain.unlink()


def _lime(path: Path, world: World, _: Processor) -> None:
    with path.open("wb") as file:
        for base, count in world.space.memory.runs():
            end = (base + count) * PAGE - 1
            file.write(struct.pack("<4sIQQ8x", b"EMiL", 1, base * PAGE, end))
            at = file.tell()
            _write_run(file, world, base, count, at)
            file.seek(at + count * PAGE)
            file.truncate()


def _write_run(file: object, world: World, base: int, count: int, at: int) -> None:
    for frame, page in _pages(world):
        if base <= frame < base + count:
            file.seek(at + (frame - base) * PAGE)  # type: ignore[attr-defined]
            file.write(page)  # type: ignore[attr-defined]


def _elf(path: Path, world: World, processor: Processor) -> None:
    """As QEMU's dump-guest-memory, whose processor stands in the kernel."""
    runs = world.space.memory.runs()
    state = bytearray(440)
    struct.pack_into("<2I", state, 0, 1, len(state))
    struct.pack_into("<Q", state, 8 + 16 * 8, processor.program_counter)
    struct.pack_into("<Q", state, 8 + 18 * 8 + 10 * 24 + 3 * 8, world.space.tables.directory)
    note = struct.pack("<3I", 5, len(state), 0) + b"QEMU\0\0\0\0" + state
    headers = 0x40 + 56 * (1 + len(runs))
    offset = -(-(headers + len(note)) // PAGE) * PAGE
    segments = struct.pack("<2I6Q", 4, 0, headers, 0, 0, len(note), len(note), 0)
    places = []
    for base, count in runs:
        size = count * PAGE
        segments += struct.pack("<2I6Q", 1, 0, offset, 0, base * PAGE, size, size, 0)
        places.append((base, count, offset))
        offset += size
    machine = 183 if world.profile.architecture == "arm64" else 62
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<2HI3QI6H", 4, machine, 1, 0, 0x40, 0, 0, 0x40, 56, 1 + len(runs), 0, 0, 0)
    with path.open("wb") as file:
        file.write(head + segments + note)
        for base, count, at in places:
            _write_run(file, world, base, count, at)
        file.truncate(offset)


def _vmware(path: Path, world: World, processor: Processor) -> None:
    """A .vmem, and the .vmss beside it."""
    top = _top(world)
    regions = [(0, min(top, _HOLE), 0)]
    if top > _HIGH:
        regions.append((_HIGH, top - _HIGH, _HOLE))
    with path.open("wb") as file:
        for base, count, at in regions:
            _write_run(file, world, base, count, at * PAGE)
        file.truncate(sum(count for _, count, _ in regions) * PAGE)
    memory = _tag("regionsCount", (), struct.pack("<I", len(regions)))
    for index, (base, count, at) in enumerate(regions):
        for name, value in (("PPN", base), ("PageNum", at), ("Size", count)):
            memory += _tag(f"region{name}", (index,), struct.pack("<I", value))
    cpu = _tag("rip", (0,), struct.pack("<Q", processor.program_counter))
    cpu += _tag("CR64", (0, 3), struct.pack("<Q", world.space.tables.directory))
    groups = {b"memory": memory + b"\0\0", b"cpu": cpu + b"\0\0"}
    at = 12 + 80 * len(groups)
    table, body = b"", b""
    for group, content in groups.items():
        table += struct.pack("<64sQQ", group, at + len(body), len(content))
        body += content
    head = struct.pack("<3I", 0xBED2BED2, 8, len(groups))
    path.with_suffix(".vmss").write_bytes(head + table + body)


def _tag(name: str, indices: tuple[int, ...], value: bytes) -> bytes:
    head = bytes([len(indices) << 6 | len(value), len(name)]) + name.encode()
    return head + struct.pack(f"<{len(indices)}I", *indices) + value


class HibernationHeader(NamedTuple):
    """Offsets in a PO_MEMORY_IMAGE of so many bytes (LengthSelf)."""

    boot_first: int
    kernel_first: int
    kernel_pages: int
    highest: int  # HighestPhysicalPage


# By LengthSelf, as LeechCore's device_hibr.c has them.
HIBERNATION_HEADERS = {
    0x360: HibernationHeader(0x60, 0x68, 0x1C8, 0x330),  # 8, 8.1
    0x3B0: HibernationHeader(0x68, 0x70, 0x218, 0x380),
    0x3C8: HibernationHeader(0x68, 0x70, 0x220, 0x388),
    0x3D8: HibernationHeader(0x68, 0x70, 0x230, 0x398),
    0x3E0: HibernationHeader(0x68, 0x70, 0x230, 0x398),  # 17763 to 19041
    0x448: HibernationHeader(0x68, 0x70, 0x230, 0x400),
    0x4D8: HibernationHeader(0x68, 0x70, 0x238, 0x498),
}
_LENGTHS = {26100: 0x4D8, 22621: 0x448, 19041: 0x3E0, 10586: 0x3B0}
_PAGES_OF_SETS = (1, 2, 4, 7)  # up to 16 in Windows'


def _hibernation(path: Path, world: World, _: Processor) -> None:
    """PO_MEMORY_IMAGE and the sets of its pages: of four one as it is, two packed with Huffman's
    codes, one without. What is older than Windows 8 has 19041's, which it never had."""
    length = _LENGTHS.get(world.profile.build, 0x3E0)
    path.write_bytes(hibernation_header(length, len(world.space.memory.frames), _top(world) - 1))
    with path.open("ab") as file:
        for number, pages in enumerate(_sets(list(_pages(world)))):
            data = b"".join(page for _, page in pages)
            how = _PACKED[number % len(_PACKED)]
            packed, method = (data, 0) if how is None else how(data)
            runs = _runs([frame for frame, _ in pages])
            file.write(struct.pack("<I", len(runs) | len(packed) << 8 | method << 30))
            file.write(b"".join(struct.pack("<Q", base << 4 | count - 1) for base, count in runs))
            file.write(packed)
        file.write(bytes(PAGE))


def hibernation_header(length: int, pages: int, highest: int) -> bytes:
    """The first pages of a hiberfil.sys whose header has ``length`` bytes; all of its ``pages`` are
    the kernel's, none the loader's."""
    offsets = HIBERNATION_HEADERS[length]
    head = bytearray(2 * PAGE)
    head[:4] = b"HIBR"
    struct.pack_into("<I", head, 0xC, length)
    struct.pack_into("<I", head, 0x18, PAGE)
    struct.pack_into("<Q", head, offsets.boot_first, 2)
    struct.pack_into("<Q", head, offsets.kernel_first, 2)
    struct.pack_into("<Q", head, offsets.kernel_pages, pages)
    struct.pack_into("<Q", head, offsets.highest, highest)
    return bytes(head)


def _with_huffman(data: bytes) -> tuple[bytes, int]:
    return pack_huffman(data), 2


def _without_huffman(data: bytes) -> tuple[bytes, int]:
    return pack_xpress(data), 0


_PACKED = (None, _with_huffman, _without_huffman, _with_huffman)


def _sets(pages: list[tuple[int, bytearray]]) -> Iterator[list[tuple[int, bytearray]]]:
    sizes = cycle(_PAGES_OF_SETS)
    while pages:
        size = next(sizes)
        yield pages[:size]
        pages = pages[size:]


def _runs(frames: list[int]) -> list[tuple[int, int]]:
    """First page and how many, of ascending ones."""
    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and sum(runs[-1]) == frame:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((frame, 1))
    return runs


CONTAINERS: dict[str, _Write] = {
    "raw": _raw, "raw.gz": _gzip, "lime": _lime, "elf": _elf, "vmem": _vmware,
    "sys": _hibernation,
}  # fmt: skip
