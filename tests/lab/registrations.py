"""Which callbacks are registered in the lab, by whom, in which order."""

from __future__ import annotations

from typing import NamedTuple

from .profiles import Profile

__all__ = ["KERNEL", "LAST_ORDINAL_GAP", "Registration", "registrations"]

KERNEL = "ntoskrnl.exe"
LAST_ORDINAL_GAP = 2  # registrations since the last one here: failed, or unregistered again


class Registration(NamedTuple):
    """One successful registration. ``ordinal`` counts all registrations since boot from 1.

    ``has_context``: the CallerContext is the address of the driver's variable, otherwise NULL.
    """

    owner: str
    function: str
    altitude: str
    ordinal: int
    has_context: bool = True
    object_contexts: int = 0
    active_uses: int = 0
    internal: bool = False


# In order of altitude. oldfilt uses CmRegisterCallback, whose altitude is always 425000.
_USUAL = (
    Registration("oldfilt.sys", "OldFiltRegistryCallback", "425000", 6),
    Registration("netmon.sys", "NetMonRegFilter", "385201", 3),
    Registration("avfilter.sys", "AvfRegistryCallback", "328010", 1, object_contexts=1),
    Registration("regprotect.sys", "RegisterCallback", "140000", 4, object_contexts=2),
)
# Only there while registry tracing is on, or while a silo runs (SOURCES 2.3).
_OF_THE_KERNEL = (
    Registration(KERNEL, "EtwpRegTraceCallback", "425500", 9, has_context=False),
    Registration(KERNEL, "VrpRegistryCallback", "189900", 8, has_context=False, internal=True),
)
_FIRST_CROWD_ORDINAL = 12
CROWD_FUNCTIONS = 64


def registrations(profile: Profile, count: int) -> list[Registration]:
    """``count`` registrations as the profile's Windows calls them: highest altitude first.

    The first four are the usual ones, then ntoskrnl's own, then crowd.sys's. Where there are no
    altitudes (XP), slot order is registration order.
    """
    kernel = tuple(each for each in _OF_THE_KERNEL if profile.has_flags or not each.internal)
    if profile.has_vector:
        kernel = ()
    chosen = [*_USUAL, *kernel][:count]
    chosen += [_of_the_crowd(index) for index in range(count - len(chosen))]
    if profile.has_vector:
        return sorted(chosen, key=lambda each: each.ordinal)
    return sorted(chosen, key=lambda each: float(each.altitude), reverse=True)


def _of_the_crowd(index: int) -> Registration:
    """Altitudes around 260000, every third with a fraction, as late-comers are given them."""
    function = f"CrowdCallback{index % CROWD_FUNCTIONS // 8}{index % 8}"
    altitude = f"{260000 + 7 * index}{'.5' if index % 3 == 2 else ''}"
    ordinal = _FIRST_CROWD_ORDINAL + index + index // 10
    return Registration("crowd.sys", function, altitude, ordinal, has_context=False)
