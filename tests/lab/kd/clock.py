"""The clock of a running kernel: KUSER_SHARED_DATA's InterruptTime and SystemTime."""

from __future__ import annotations

import time

from ..shared_data import system_time
from ..world import BOOT_TIME, DUMP_TIME, World
from .memory import GuestMemory

__all__ = ["Clock"]

_SECOND = 10_000_000  # in units of a FILETIME


class Clock:
    """Goes on from the time of the dumps when it is made; it also goes while the target stands."""

    def __init__(self, world: World, memory: GuestMemory) -> None:
        self._memory = memory
        self._started = time.monotonic()
        # InterruptTime, then SystemTime: two KSYSTEM_TIMEs.
        place = world.field(world.profile.shared_data, "_KUSER_SHARED_DATA", "InterruptTime")
        mapped = memory.physical_address(place)
        assert mapped is not None
        self._place = mapped

    def tick(self) -> None:
        """Sets it to the time that has passed."""
        now = DUMP_TIME + int((time.monotonic() - self._started) * _SECOND)
        self._memory.write_physical(self._place, system_time(now - BOOT_TIME) + system_time(now))
