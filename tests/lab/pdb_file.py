"""Small changes to a PDB file: what the linker cannot be told to do.

Offsets: LLVM's "The MSF File Format" and "The PDB DBI Stream".
"""

from __future__ import annotations

import struct
from pathlib import Path

__all__ = ["mark_stripped", "rename_public", "replace_guid"]

_PDB_STREAM, _DBI_STREAM = 1, 3
_STRIPPED = 2  # DBI header, Flags: WasStripped
_DBI_FLAGS = 56
_INFO_GUID = 12


def mark_stripped(path: Path) -> None:
    """Sets the flag by which debuggers tell a public PDB from a private one."""
    data = bytearray(path.read_bytes())
    data[_stream_start(data, _DBI_STREAM) + _DBI_FLAGS] |= _STRIPPED
    path.write_bytes(data)


def replace_guid(path: Path, guid: bytes) -> None:
    """Gives the PDB the 16 bytes of ``guid``, so that it no longer belongs to its image."""
    data = bytearray(path.read_bytes())
    place = _stream_start(data, _PDB_STREAM) + _INFO_GUID
    data[place : place + 16] = guid
    path.write_bytes(data)


def rename_public(path: Path, name: str, new_name: str) -> None:
    """Renames a public symbol; the names must be of one length."""
    old, new = name.encode() + b"\0", new_name.encode() + b"\0"
    if len(old) != len(new):
        raise ValueError(f"{name} and {new_name} are not of one length")
    path.write_bytes(path.read_bytes().replace(old, new))


def _stream_start(data: bytearray, stream: int) -> int:
    """The file offset of a stream's first block."""
    block_size, _, _, directory_size, _, map_block = struct.unpack_from("<6I", data, 32)
    count = -(-directory_size // block_size)
    blocks = struct.unpack_from(f"<{count}I", data, map_block * block_size)
    directory = b"".join(data[block * block_size : (block + 1) * block_size] for block in blocks)
    streams = struct.unpack_from("<I", directory)[0]
    sizes = struct.unpack_from(f"<{streams}I", directory, 4)
    before: int = sum(-(-size // block_size) for size in sizes[:stream] if size != 0xFFFFFFFF)
    block: int = struct.unpack_from("<I", directory, 4 + 4 * streams + 4 * before)[0]
    return block * int(block_size)
