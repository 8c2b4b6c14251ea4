"""Kernels of the lab as files, sound and damaged."""

from __future__ import annotations

import struct
from pathlib import Path

import pefile

from tests.lab import PROFILES
from tests.lab.build import build

__all__ = ["image_of", "patched", "symbols_of", "with_header"]


def image_of(profile: str) -> Path:
    return build(PROFILES[profile]).image("ntoskrnl.exe")


def symbols_of(profile: str) -> Path:
    return build(PROFILES[profile]).symbols


def patched(profile: str, folder: Path, symbol: str, code: bytes, at: int = 0) -> Path:
    """The kernel with other code ``at`` bytes behind a symbol."""
    rva = build(PROFILES[profile]).symbol_rvas("ntoskrnl.exe")[symbol] + at
    data = bytearray(image_of(profile).read_bytes())
    with pefile.PE(data=bytes(data), fast_load=True) as image:
        offset = image.get_offset_from_rva(rva)
    data[offset : offset + len(code)] = code
    return _written(folder, data)


def with_header(profile: str, folder: Path, offset: int, form: str, value: int) -> Path:
    """The kernel with another number ``offset`` bytes behind IMAGE_NT_HEADERS' start."""
    data = bytearray(image_of(profile).read_bytes())
    headers = struct.unpack_from("<I", data, 0x3C)[0]
    struct.pack_into(form, data, headers + offset, value)
    return _written(folder, data)


def _written(folder: Path, data: bytearray) -> Path:
    path = folder / "ntoskrnl.exe"
    path.write_bytes(data)
    return path
