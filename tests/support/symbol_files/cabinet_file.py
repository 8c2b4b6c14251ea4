"""Cabinets, as compress.exe and makecab write them, by [MS-CAB] and [MS-PATCH] alone.

MSZIP is zlib's; LZX here is one uncompressed block a frame, which is all that a reader needs to be
held against: nothing on Linux writes another.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

__all__ = ["cabinet", "cabinet_of", "lzx", "mszip"]

_FRAME = 0x8000  # bytes in a CFDATA
_WINDOW = 21  # of LZX, as a power of 2
Compressor = Callable[[bytes], "tuple[int, list[bytes]]"]  # typeCompress, and the frames


def cabinet(name: str, contents: bytes, compress: Compressor) -> bytes:
    """A cabinet with one file."""
    return cabinet_of({name: contents}, compress)


def cabinet_of(files: Mapping[str, bytes], compress: Compressor) -> bytes:
    """CFHEADER, CFFOLDER, CFFILEs, CFDATA: [MS-CAB] 2.1 to 2.4; no checksums."""
    entries, contents = b"", b""
    for name, each in files.items():
        entries += struct.pack("<IIHHHH", len(each), len(contents), 0, 0x5821, 0, 0x20)
        entries += name.encode() + b"\0"
        contents += each
    kind, frames = compress(contents)
    first_file = 36 + 8
    first_data = first_file + len(entries)
    sizes = [min(_FRAME, len(contents) - at) for at in range(0, len(contents), _FRAME)]
    data = b"".join(
        struct.pack("<IHH", 0, len(frame), size) + frame for frame, size in zip(frames, sizes)
    )
    header = struct.pack(
        "<4sIIIIIBBHHHHH",
        b"MSCF", 0, first_data + len(data), 0, first_file, 0, 3, 1, 1, len(files), 0, 7, 0,
    )  # fmt: skip
    return header + struct.pack("<IHH", first_data, len(frames), kind) + entries + data


def mszip(contents: bytes) -> tuple[int, list[bytes]]:
    """[MS-MCI]: deflated frames, each knowing what was before it."""
    frames = []
    for at in range(0, len(contents), _FRAME):
        before = contents[max(0, at - _FRAME) : at]
        packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=before)
        frames.append(b"CK" + packer.compress(contents[at : at + _FRAME]) + packer.flush())
    return 1, frames


def lzx(contents: bytes) -> tuple[int, list[bytes]]:
    """[MS-PATCH] 2.6: no E8 translation, then uncompressed blocks (type 3, three bits; its size in
    24; R0, R1 and R2; the bytes, padded to 16 bits)."""
    frames = []
    for at in range(0, len(contents), _FRAME):
        block = contents[at : at + _FRAME]
        bits = f"{'0' if at == 0 else ''}011{len(block):024b}"
        bits = bits.ljust(32, "0")
        words = struct.pack("<2H", int(bits[:16], 2), int(bits[16:], 2))
        frames.append(words + struct.pack("<3I", 1, 1, 1) + block + b"\0" * (len(block) % 2))
    return 3 | _WINDOW << 8, frames
