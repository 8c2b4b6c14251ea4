"""Altitudes: their order and their text."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.altitude_order import AltitudeKey, altitude_key
from ..kernel.callback_block import LEGACY_ALTITUDE
from ..kernel.listing import RegistryCallback
from ..target.errors import MemoryUnreadable
from .finding import Finding, about
from .scene import Scene

__all__ = [
    "altitude_duplicate",
    "altitude_malformed",
    "order_broken",
]

_LEGACY = altitude_key(LEGACY_ALTITUDE)
_LONGEST = 64  # characters; "infinite-precision" in theory, under 20 in every product seen


def order_broken(scene: Scene) -> Iterator[Finding]:
    """A higher altitude behind a lower one: the kernel keeps them descending (SOURCES 2.3)."""
    for before, entry in _neighbours(scene):
        if _key(entry) > _key(before):
            yield about(
                entry, "order-broken", "high",
                f"altitude {entry.block.altitude} stands behind {before.block.altitude}: "
                "an altitude was changed, or an entry moved, after its registration",
                {"altitude": entry.block.altitude, "before": before.block.altitude},
            )  # fmt: skip


def altitude_duplicate(scene: Scene) -> Iterator[Finding]:
    """Two at one altitude, which CmRegisterCallbackEx refuses; only CmRegisterCallback, at
    425000, takes it twice."""
    for before, entry in _neighbours(scene):
        if _key(entry) == _key(before) != _LEGACY:
            yield about(
                entry, "altitude-duplicate", "medium",
                f"altitude {entry.block.altitude} is also #{before.number}'s: the kernel "
                "refuses that at registration",
                {"altitude": entry.block.altitude, "other": before.number},
            )  # fmt: skip


def _neighbours(scene: Scene) -> Iterator[tuple[RegistryCallback, RegistryCallback]]:
    """Pairs that the list has one after the other, both with an altitude that could be read."""
    if not scene.has_list:
        return
    for before, entry in zip(scene.entries, scene.entries[1:]):
        together = before.block.found_by == entry.block.found_by
        if together and _is_whole(before) and _is_whole(entry):
            yield before, entry


def _is_whole(entry: RegistryCallback) -> bool:
    cut = any(each.startswith("altitude:") for each in entry.block.problems)
    return bool(entry.block.altitude) and not cut


def _key(entry: RegistryCallback) -> AltitudeKey:
    return altitude_key(entry.block.altitude or "")


def altitude_malformed(scene: Scene) -> Iterator[Finding]:
    """A UNICODE_STRING that the kernel does not make (it copies the text into a buffer of exactly
    its length, SOURCES 1.1), or text that is no number."""
    if not scene.has_list:
        return
    memory, offset = scene.target.memory, scene.layout.altitude
    for entry in scene.readable:
        try:
            string = memory.unicode_string(entry.block.address + offset)
        except MemoryUnreadable:
            continue
        faults = [
            fault
            for fault, holds in (
                ("Length is 0", not string.length),
                ("Length is odd", string.length % 2),
                ("Length is not MaximumLength", string.length != string.maximum_length),
                ("Buffer is NULL", not string.buffer),
                (f"longer than {_LONGEST} characters", string.length > 2 * _LONGEST),
            )
            if holds
        ]
        altitude = entry.block.altitude
        if not faults and altitude and not _is_number(altitude):
            faults = ["its text is no decimal number"]
        if faults:
            yield about(
                entry, "altitude-malformed", "medium",
                f"the altitude is not as the kernel makes it: {', '.join(faults)}",
                {
                    "length": string.length,
                    "maximum_length": string.maximum_length,
                    "buffer": f"{string.buffer:#x}",
                    "text": altitude,
                },
                "the kernel takes any text as an altitude at registration"
                if faults == ["its text is no decimal number"]
                else None,
            )  # fmt: skip


def _is_number(altitude: str) -> bool:
    return altitude.replace(".", "", 1).isdecimal() and altitude.isascii()
