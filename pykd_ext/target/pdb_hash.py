"""The hash by which a PDB finds names."""

from __future__ import annotations

import struct

__all__ = ["hash_string"]


def hash_string(name: bytes) -> int:
    """hashStringV1, 32 bits: LHashPbCb in misc.h of microsoft-pdb; equal for either case."""
    words = len(name) // 4
    result = 0
    for word in struct.unpack_from(f"<{words}I", name):
        result ^= word
    rest = name[4 * words :]
    if len(rest) >= 2:
        result ^= int.from_bytes(rest[:2], "little")
        rest = rest[2:]
    if rest:
        result ^= rest[0]
    result |= 0x20202020
    result ^= result >> 11
    return result ^ (result >> 16)
