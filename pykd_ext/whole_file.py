"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Puts ``data`` into the file at ``path``. Whatever happens meanwhile, it holds all of that or
    what it held before; a link's own file is meant. A pipe or a device is written to as it stands.
    Raises OSError."""
    place = path.resolve()
    if place.exists() and not place.is_file():
        with place.open("wb", buffering=0) as file:
            file.write(data)
        return
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        if place.exists():
            beside.chmod(place.stat().st_mode & 0o777)
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
