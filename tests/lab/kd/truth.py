"""What a debugger should find registered in a live lab, once it has booted."""

from __future__ import annotations

from typing import NamedTuple

from ..drivers import drivers
from ..world import BOOT_TIME, World
from .script import Script

__all__ = ["RegisteredCallback", "registered_callbacks"]

_LEGACY_ALTITUDE = "425000"  # of CmRegisterCallback


class RegisteredCallback(NamedTuple):
    """One callback; addresses are VAs."""

    owner: str
    function_name: str
    function: int
    altitude: str
    context: int
    cookie: int


def registered_callbacks(world: World, script: Script) -> list[RegisteredCallback]:
    """In calling order, highest altitude first."""
    known = {each.file_name: each for each in drivers(world.profile)}
    callbacks = []
    for ordinal, file_name in enumerate(script.drivers, 1):
        driver, symbols = known[file_name], world.images[file_name].symbols
        callbacks.append(
            RegisteredCallback(
                file_name,
                driver.callback,
                symbols[driver.callback],
                driver.altitude or _LEGACY_ALTITUDE,
                symbols[driver.context],
                BOOT_TIME + ordinal,
            )
        )
    return sorted(callbacks, key=lambda each: float(each.altitude), reverse=True)
