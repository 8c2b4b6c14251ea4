"""The hash by which a PDB finds names."""

from __future__ import annotations

from .fields import unsigned, words

__all__ = ["hash_string"]


def hash_string(name: bytes) -> int:
    """hashStringV1, 32 bits: LHashPbCb in misc.h of microsoft-pdb; equal for either case."""
    result = 0
    for word in words(name, 4):
        result ^= word
    rest = name[len(name) & ~3 :]
    if len(rest) >= 2:
        result ^= unsigned(rest, 0, 2)
        rest = rest[2:]
    if rest:
        result ^= rest[0]
    result |= 0x20202020
    result ^= result >> 11
    return result ^ (result >> 16)
