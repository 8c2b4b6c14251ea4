"""A real kernel in a machine that runs, with the lab's own around it.

The real one registers callbacks and calls them. The lab's of the same build is a driver beside it:
threads, system services, pool, and what debuggers look at. :mod:`.kd.started_kernel` prepares it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

from .pe_image import PeImage
from .profiles import Profile

__all__ = ["HOST", "STAND_IN", "Imports", "RealKernel"]

HOST = "labhost.sys"  # what the lab's own kernel is called there
# What the lab's kernel does in the real one's place.
_OF_HOST = {
    "ExAllocatePoolWithTag": "ExAllocatePoolWithTag",
    "ExAllocatePoolWithQuotaTag": "ExAllocatePoolWithTag",
    "ExFreePoolWithTag": "ExFreePoolWithTag",
    "KeBugCheckEx": "KeBugCheckEx",
}
_JUMP = 0xE9  # jmp rel32
STAND_IN = b"\x31\xc0\xc3"  # xor eax, eax; ret


class RealKernel(NamedTuple):
    """VAs of the list's head and of CmpCallCallBacks; ``writes`` are the bytes that starting has
    changed in the image, by VA."""

    profile: Profile
    image: PeImage
    head: int
    dispatcher: int
    writes: Mapping[int, bytes]

    def patches(self, host: Mapping[str, int]) -> dict[int, bytes]:
        """What is written over the code of both, by VA: jumps from one to the other. ``host`` are
        the symbols of the lab's kernel, whose services are to think that there are callbacks."""
        exports = self.image.exports()
        leads = {exports[name]: host[own] for name, own in _OF_HOST.items() if name in exports}
        leads[host[self.profile.dispatcher]] = self.dispatcher
        patches = {
            place: struct.pack("<BI", _JUMP, to - place - 5 & 0xFFFF_FFFF)
            for place, to in leads.items()
        }
        patches[host["CmpCallBackCount"]] = struct.pack("<I", 1)
        return patches


class Imports(dict[str, int]):
    """What a real kernel imports, the HAL's foremost: each is the function at the VA ``stand_in``,
    whose code is :data:`STAND_IN`."""

    def __init__(self, stand_in: int) -> None:
        super().__init__()
        self._stand_in = stand_in

    def __missing__(self, name: str) -> int:
        return self._stand_in
