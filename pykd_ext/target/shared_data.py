"""KUSER_SHARED_DATA (ntddk.h), which lies at a fixed address of every Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .architecture import architecture_of_machine
from .errors import MemoryUnreadable

if TYPE_CHECKING:
    from .memory import Memory

__all__ = ["SHARED_DATA", "SharedData", "read_shared_data"]


class SharedData(NamedTuple):
    """``build`` is 0 before Windows 10, which does not keep it there; ``machine`` is an
    IMAGE_FILE_MACHINE_*."""

    build: int
    machine: int


# The VA of KUSER_SHARED_DATA, by pointer size.
SHARED_DATA = {8: 0xFFFF_F780_0000_0000, 4: 0xFFDF_0000}
_IMAGE_NUMBER, _SYSTEM_ROOT, _BUILD_NUMBER, _MAJOR, _MINOR = 0x2C, 0x30, 0x260, 0x26C, 0x270
_VERSIONS = {(5, 1), (5, 2), (6, 0), (6, 1), (6, 2), (6, 3), (10, 0)}


def read_shared_data(memory: Memory) -> SharedData | None:
    """What stands there; None where that is not read, or is none."""
    at = SHARED_DATA[memory.pointer_size]
    try:
        root = memory.read(at + _SYSTEM_ROOT, 6)
        version = memory.u32(at + _MAJOR), memory.u32(at + _MINOR)
        build = memory.u32(at + _BUILD_NUMBER) & 0xFFFF
        machine = memory.u16(at + _IMAGE_NUMBER)
    except MemoryUnreadable:
        return None
    if root[1:6] != b"\0:\0\\\0" or version not in _VERSIONS:
        return None
    if architecture_of_machine(machine) is None:
        return None
    return SharedData(build if version[0] >= 10 else 0, machine)
