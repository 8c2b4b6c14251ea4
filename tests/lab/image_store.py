"""A symbol store that has the images too, as debuggers of small dumps need them."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from .build import build
from .profiles import profile_named

__all__ = ["write_image_store"]


def write_image_store(folder: Path, profile: str) -> Path:
    """Copies the PDBs and the images of ``profile`` into ``folder``, and returns it."""
    built = build(profile_named(profile))
    shutil.copytree(built.symbols, folder, dirs_exist_ok=True)
    for image in (*built.folder.glob("*.sys"), built.image("ntoskrnl.exe")):
        raw = image.read_bytes()
        header = struct.unpack_from("<I", raw, 0x3C)[0]
        (stamp,) = struct.unpack_from("<I", raw, header + 8)
        (size,) = struct.unpack_from("<I", raw, header + 24 + 56)
        place = folder / image.name / f"{stamp:08X}{size:x}"
        place.mkdir(parents=True)
        shutil.copyfile(image, place / image.name)
    return folder
