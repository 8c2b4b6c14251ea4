"""The machine's memory as tools for images write it, in place of a crash dump.

Written by struct from the formats' own documents (see pykd_ext/target/containers), with none of the
reader's code.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from .physical_memory import PAGE
from .processor import Processor
from .world import World

__all__ = ["CONTAINERS", "write_container"]

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


def _hibernation(path: Path, world: World, _: Processor) -> None:
    """PO_MEMORY_IMAGE of 19041; every second set compressed."""
    frames = list(_pages(world))
    sets = bytearray()
    for number, start in enumerate(range(0, len(frames), 16)):
        part = frames[start : start + 16]
        data = b"".join(page for _, page in part)
        packed = _huffman(data) if number % 2 else data
        sets += struct.pack("<I", len(part) | len(packed) << 8 | (number % 2) << 31)
        sets += b"".join(struct.pack("<Q", frame << 4) for frame, _ in part)
        sets += packed
    head = bytearray(2 * PAGE)
    head[:4] = b"HIBR"
    struct.pack_into("<I", head, 0xC, 0x3E0)
    struct.pack_into("<3Q", head, 0x58, 0, 0, 2)  # no pages for the loader
    struct.pack_into("<Q", head, 0x70, 2)
    struct.pack_into("<Q", head, 0x230, len(frames))
    struct.pack_into("<Q", head, 0x398, _top(world) - 1)
    path.write_bytes(head + sets)


def _huffman(data: bytes) -> bytes:
    """Xpress-Huffman (MS-XCA 2.1) of literals alone: 256 symbols of eight bits each."""
    packed = b""
    for start in range(0, len(data), 0x10000):
        part = data[start : start + 0x10000]
        words = b"".join(bytes(part[at : at + 2][::-1]) for at in range(0, len(part), 2))
        packed += bytes([0x88] * 128 + [0] * 128) + words + bytes(4)
    return packed


CONTAINERS: dict[str, _Write] = {
    "raw": _raw, "raw.gz": _gzip, "lime": _lime, "elf": _elf, "vmem": _vmware,
    "sys": _hibernation,
}  # fmt: skip
