"""Physical memory byte for byte: what dd, WinPmem, DumpIt and most hypervisors can write.

Nothing in it says so. Holes of the machine's memory are zeros, or absent from the file where its
system can leave them out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import TargetError
from ..physical import PAGE
from .container import StoredContainer

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes


_NAMES = (".raw", ".mem", ".dd", ".bin", ".img", ".vmem", ".memory", ".001")
_KIND = "raw image"


def detect(_: bytes, name: str) -> bool:
    return name.lower().endswith(_NAMES)


def open_container(data: FileBytes) -> Container:
    stem, ending = os.path.splitext(data.path)
    following = f"{stem}.002"
    if ending == ".001" and os.path.exists(following):
        raise TargetError(
            f"{data.path}: one part of a raw image, which {following} goes on: put all of them "
            f"together in one file, {os.path.basename(stem)}.raw"
        )
    return StoredContainer(_KIND, data, [(0, len(data) // PAGE, 0)])
