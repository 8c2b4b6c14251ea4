"""The lab's own structures in memory: c/operation.h and c/stage.h, in which sizes are asserted.

A structure is a line of members in their order: ``:4`` and ``:8`` are bytes, ``:p`` a pointer,
``:u`` a UNICODE_STRING.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Layout", "Layouts", "layouts"]

_OPERATION = "Kind:4 Access:4 Key:p Name:u Data:p DataSize:4 DataType:4 Status:4 Count:4"
_WORK = "Operations:p Count:4 Rounds:4"
_DRIVER = "LoadedModule:p RegistryPath:p Object:0"  # the object's size: _DRIVER_OBJECT
_ACT = "NotifyClass:4 Kind:4 Status:4 Times:4 Argument:p"
_ACTOR = "Altitude:u Cookie:8 Function:p Acts:p Count:4 AtLoad:4"
_CALLED = "Actor:4 NotifyClass:4 Thread:p"


class Layout(NamedTuple):
    """Offsets in bytes by name; ``size`` is that of the whole."""

    size: int
    at: dict[str, int]


class Layouts(NamedTuple):
    """All of them, for one size of pointer."""

    operation: Layout
    work: Layout
    driver: Layout
    act: Layout
    actor: Layout
    called: Layout


def layouts(pointer_size: int) -> Layouts:
    """By natural alignment, as compilers lay them out."""
    lines = (_OPERATION, _WORK, _DRIVER, _ACT, _ACTOR, _CALLED)
    return Layouts(*(_layout(each, pointer_size) for each in lines))


def _layout(members: str, pointer_size: int) -> Layout:
    at, place, widest = {}, 0, 1
    for name, _, kind in (each.partition(":") for each in members.split()):
        size = {"p": pointer_size, "u": 2 * pointer_size}.get(kind) or int(kind)
        alignment = pointer_size if kind in "pu" else size or pointer_size
        place, widest = _up(place, alignment), max(widest, alignment)
        at[name] = place
        place += size
    return Layout(_up(place, widest), at)


def _up(place: int, alignment: int) -> int:
    return -(-place // alignment) * alignment
