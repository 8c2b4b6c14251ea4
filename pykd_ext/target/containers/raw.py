"""Physical memory byte for byte: what dd, WinPmem, DumpIt and most hypervisors can write.

Nothing in it says so. Holes of the machine's memory are zeros, or absent from the file where its
system can leave them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..physical import PAGE, map_file
from .container import MappedContainer

if TYPE_CHECKING:
    from ..protocol import Container


_NAMES = (".raw", ".mem", ".dd", ".bin", ".img", ".vmem", ".memory", ".001")
_KIND = "raw image"


def detect(_: bytes, path: str) -> bool:
    return path.lower().endswith(_NAMES)


def open_container(path: str) -> Container:
    data = map_file(path)
    return MappedContainer(path, _KIND, data, [(0, len(data) // PAGE, 0)])
