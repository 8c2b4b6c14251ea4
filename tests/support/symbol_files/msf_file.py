"""PDBs taken apart into streams and put together again, by LLVM's "The MSF File Format" alone.

So a test can give a PDB what no linker here writes: OMAPs, other ages, no hashes, lies.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

__all__ = ["BLOCK_SIZE", "empty_pdb", "patched", "read_streams", "write_streams"]

BLOCK_SIZE = 4096
_SUPER_BLOCK = struct.Struct("<32s6I")
_MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
_DELETED = 0xFFFFFFFF


def read_streams(path: Path) -> list[bytes]:
    """The contents of every stream; a deleted one is empty."""
    data = path.read_bytes()
    _, block_size, _, _, directory_size, _, map_block = _SUPER_BLOCK.unpack_from(data)

    def gather(blocks: Sequence[int], size: int) -> bytes:
        return b"".join(data[each * block_size :][:block_size] for each in blocks)[:size]

    blocks = struct.unpack_from(
        f"<{-(-directory_size // block_size)}I", data, map_block * block_size
    )
    directory = gather(blocks, directory_size)
    count = struct.unpack_from("<I", directory)[0]
    sizes = struct.unpack_from(f"<{count}I", directory, 4)
    at = 4 + 4 * count
    streams = []
    for size in (0 if each == _DELETED else each for each in sizes):
        needed = -(-size // block_size)
        streams.append(gather(struct.unpack_from(f"<{needed}I", directory, at), size))
        at += 4 * needed
    return streams


def write_streams(path: Path, streams: Sequence[bytes]) -> None:
    """Writes an MSF file of these streams."""
    path.write_bytes(_file(streams))


def _file(streams: Sequence[bytes]) -> bytes:
    """The streams one behind the other, the directory at the end."""
    blocks = [b"", b"\xff" * BLOCK_SIZE, b"\xff" * BLOCK_SIZE]  # super block, free block maps
    numbers: list[int] = []
    for stream in streams:
        numbers += _append(blocks, stream)
    sizes = [len(stream) for stream in streams]
    directory = struct.pack(f"<{1 + len(sizes) + len(numbers)}I", len(sizes), *sizes, *numbers)
    directory_blocks = _append(blocks, directory)
    (map_block,) = _append(blocks, struct.pack(f"<{len(directory_blocks)}I", *directory_blocks))
    header = _SUPER_BLOCK.pack(_MAGIC, BLOCK_SIZE, 1, len(blocks), len(directory), 0, map_block)
    blocks[0] = header.ljust(BLOCK_SIZE, b"\0")
    return b"".join(blocks)


def _append(blocks: list[bytes], stream: bytes) -> list[int]:
    """The numbers of the blocks that ``stream`` was put into."""
    first = len(blocks)
    for at in range(0, len(stream), BLOCK_SIZE):
        blocks.append(stream[at : at + BLOCK_SIZE].ljust(BLOCK_SIZE, b"\0"))
    return list(range(first, len(blocks)))


def empty_pdb(guid: bytes, age: int) -> bytes:
    """The file of a PDB that has an identity, and no symbols (PdbStream.html, DbiStream.html)."""
    info = struct.pack("<3I", 20000404, 0, age) + guid
    dbi = struct.pack("<2i2I", -1, 19990903, age, 0).ljust(64, b"\0")
    return _file([b"", info, b"", dbi])


def patched(stream: bytes, offset: int, new: bytes) -> bytes:
    """``stream`` with other bytes at ``offset``."""
    return stream[:offset] + new + stream[offset + len(new) :]
