"""KUSER_SHARED_DATA: the page that tells every program the time and the version of Windows."""

from __future__ import annotations

import struct

from .physical_memory import PAGE
from .world import BOOT_TIME, DUMP_TIME, World

__all__ = ["system_time", "write_shared_data"]

_PROCESSOR_ARCHITECTURES = {"x86": 0, "x64": 9, "arm64": 12}  # winnt.h, PROCESSOR_ARCHITECTURE_*


def write_shared_data(world: World) -> None:
    """Maps and fills it."""
    profile = world.profile
    place = profile.shared_data
    world.space.map(place, PAGE)
    world.fill(
        place,
        "_KUSER_SHARED_DATA",
        TickCountMultiplier=0x0FA00000,
        InterruptTime=system_time(DUMP_TIME - BOOT_TIME),
        SystemTime=system_time(DUMP_TIME),
        ImageNumberLow=profile.machine,
        ImageNumberHigh=profile.machine,
        NtSystemRoot="C:\\Windows".encode("utf-16-le"),
        NtProductType=1,
        ProductTypeIsValid=1,
        NtMajorVersion=profile.version[0],
        NtMinorVersion=profile.version[1],
        SuiteMask=0x110,
    )
    if profile.build >= 10240:  # the fields are older builds' reserved space
        world.fill(
            place,
            "_KUSER_SHARED_DATA",
            NtBuildNumber=profile.build,
            NativeProcessorArchitecture=_PROCESSOR_ARCHITECTURES[profile.architecture],
        )


def system_time(value: int) -> bytes:
    """KSYSTEM_TIME: LowPart, High1Time, High2Time."""
    return struct.pack("<III", value & 0xFFFFFFFF, value >> 32, value >> 32)
