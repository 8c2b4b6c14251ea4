"""Physical memory byte for byte: what dd, WinPmem, DumpIt and most hypervisors can write.

Nothing in it says so. Holes of the machine's memory are zeros, or absent from the file where its
system can leave them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..physical import PAGE
from .container import StoredContainer

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes


_NAMES = (".raw", ".mem", ".dd", ".bin", ".img", ".vmem", ".memory", ".001")
_KIND = "raw image"


def detect(_: bytes, name: str) -> bool:
    return name.lower().endswith(_NAMES)


def open_container(data: FileBytes) -> Container:
    return StoredContainer(_KIND, data, [(0, len(data) // PAGE, 0)])
