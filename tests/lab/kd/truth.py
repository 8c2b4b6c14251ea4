"""What a debugger should find registered in a live lab, once it has booted."""

from __future__ import annotations

from typing import NamedTuple

from ..drivers import drivers
from ..world import BOOT_TIME, World
from .script import Script
from .structures import layouts
from .work import CALLBACK_FUNCTIONS, STAGE

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
    known = {each.file_name: each for each in drivers(world.profile, runs=True)}
    actor_size = layouts(world.profile.pointer_size).actor.size
    callbacks: list[RegisteredCallback] = []
    for file_name in script.drivers:
        driver, symbols = known[file_name], world.images[file_name].symbols
        if file_name == STAGE:
            wanted = [
                (
                    f"StageCallback{number % CALLBACK_FUNCTIONS}",
                    actor.altitude,
                    symbols["g_Actors"] + actor_size * number,
                )
                for number, actor in enumerate(script.actors)
                if actor.at_load
            ]
        else:
            altitude = driver.altitude or _LEGACY_ALTITUDE
            wanted = [(driver.callback, altitude, symbols[driver.context])]
        for name, altitude, context in wanted:
            cookie = BOOT_TIME + len(callbacks) + 1
            callbacks.append(
                RegisteredCallback(file_name, name, symbols[name], altitude, context, cookie)
            )
    return sorted(callbacks, key=lambda each: float(each.altitude), reverse=True)
