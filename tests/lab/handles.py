"""Handle tables of the processes, with handles to the registry's keys.

HANDLE_TABLE and its entries: SOURCES 5.5; before Windows 8 and on x86 volatility3's
framework/plugins/windows/handles.py. Written down a second time here, apart from the product's, so
that a slip in one of the two shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .physical_memory import PAGE
from .processes import PROCESSES, Processes
from .truth import KeyTruth
from .world import World

__all__ = ["write_handles"]

_WINDOWS_8, _WINDOWS_8_1 = 9200, 9600
_FIRST = 4  # index of the first handle that is given out here
_STEP = 4  # from one handle to the next
_DISTANCE = 0x100000  # of the tables, which are whole pages, below the first block of paged pool
_TABLE_SIZE = 0x80  # more than any build's HANDLE_TABLE


def write_handles(world: World, processes: Processes) -> dict[str, KeyTruth]:
    """Gives every process handles to the keys that it has opened; the keys, with their handles.

    The last process has its handles in the second of its pages, below one of pointers.
    """
    pages = _pages(world)
    keys = dict(world.registry.keys)
    per_page = PAGE // _entry_size(world)
    for row, process in zip(PROCESSES, processes.processes):
        opened = [name for name, key in keys.items() if key.process_id == row.id]
        entries = next(pages)
        code, first = entries, _FIRST
        if row is PROCESSES[-1]:
            above = next(pages)
            world.space.write_pointer(above, next(pages))  # without a handle in it
            world.space.write_pointer(above + world.profile.pointer_size, entries)
            code, first = above | 1, per_page + _FIRST
        for index, name in enumerate(opened, first):
            place = entries + index % per_page * _entry_size(world)
            world.space.write_pointer(place, _entry(world, keys[name].address))
            keys[name] = replace(keys[name], handle=index * _STEP)
        _write_table(world, process, code)
    return keys


def _pages(world: World) -> Iterator[int]:
    address = world.profile.paged_pool - _DISTANCE
    while True:
        world.space.map(address, PAGE)
        yield address
        address += PAGE


def _entry_size(world: World) -> int:
    return 2 * world.profile.pointer_size


def _entry(world: World, body: int) -> int:
    """The first word: the object's header, and bits that are none of it."""
    header = body - world.offsets.field("_OBJECT_HEADER", "Body")
    if world.profile.pointer_size == 4 or world.profile.build < _WINDOWS_8:
        return header | 1
    if world.profile.build < _WINDOWS_8_1:
        return (header >> 4 & (1 << 41) - 1) << 23 | 1
    if world.profile.five_levels:
        return (header >> 4 & (1 << 53) - 1) << 11 | 0x401
    return (header >> 4 & (1 << 44) - 1) << 20 | 0x1_0001


def _write_table(world: World, process: int, code: int) -> None:
    table = world.paged.allocate(_TABLE_SIZE, b"Obtb")
    offset = 8 if world.profile.build >= _WINDOWS_8 else 0
    world.space.write_pointer(table + offset, code)
    world.fill(process, "_EPROCESS", ObjectTable=table)
