"""C as machine code, without an image around it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

__all__ = ["TRIPLES", "compiled"]

TRIPLES = {
    "x64": "x86_64-pc-windows-msvc",
    "x86": "i686-pc-windows-msvc",
    "arm64": "aarch64-pc-windows-msvc",
}


def compiled(source: Path, architecture: str, folder: Path, *options: str) -> bytes:
    """The machine code of a file, its first function first; calls that leave it go nowhere."""
    made = folder / "code.obj"
    subprocess.run(
        ["clang", f"--target={TRIPLES[architecture]}", "-c", "-O2", "-ffreestanding",
         "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", *options, source, "-o", made],
        check=True,
    )  # fmt: skip
    return _section(made.read_bytes(), b".text")


def _section(image: bytes, name: bytes) -> bytes:
    """A section of an object file (winnt.h: IMAGE_FILE_HEADER, IMAGE_SECTION_HEADER)."""
    for index in range(struct.unpack_from("<H", image, 2)[0]):
        header = image[20 + 40 * index :][:40]
        size, place = struct.unpack_from("<II", header, 16)
        if header[:8].rstrip(b"\0") == name and size:
            return image[place : place + size]
    raise AssertionError(f"no {name!r}")
