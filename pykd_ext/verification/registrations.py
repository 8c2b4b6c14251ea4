"""Registers callbacks with the kernel's own code, and sees where everything lands.

Whatever is registered can be recognised: a function, a context and an altitude that occur nowhere
else. So a block's fields are found by what they hold, never by where a table says they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..target.errors import MemoryUnreadable, RegcbError
from .room import Room
from .room_target import RoomTarget
from .stand_ins import Block, Pool

__all__ = [
    "Registered",
    "Registrar",
    "Registrations",
    "Unrecognised",
    "offsets_of",
    "register_all",
    "strings_of",
]

_CONTEXT = 0x5EED_C000  # and a number
# The middle one first, so that neither end of the list is where the last one was put.
_ALTITUDES = ("328010", "385201", "140000")
_OBJECT = 0x4000  # in the room's scratch memory: what is no argument of interest


class Unrecognised(RegcbError):
    """The kernel's code ran, but did not do what registering does."""


class Registered(NamedTuple):
    """One call of CmRegisterCallback(Ex). ``block`` is the pool block that holds the function, None
    after a refusal; ``altitude`` None for the legacy call."""

    altitude: str | None
    function: int
    context: int
    status: int
    cookie: int
    block: Block | None


class Registrations(NamedTuple):
    """What was done, in this order: three by altitude, the first altitude again, two legacy ones,
    and the removal of the first.

    ``order`` are the blocks from the head on, ``head`` the VA of the list's head and ``link`` the
    offset of the LIST_ENTRY in a block. ``counts`` and ``cookies`` are the places of the kernel's
    data that counted along, ``legacy_altitude`` the text that the legacy call's block has.
    """

    made: tuple[Registered, ...]
    again: Registered
    legacy: tuple[Registered, ...]
    head: int
    link: int
    order: tuple[Block, ...]
    counts: tuple[int, ...]
    cookies: tuple[int, ...]
    legacy_altitude: str | None
    unregistered: int
    order_after: tuple[Block, ...]

    def registered(self, order: Sequence[Block]) -> list[Registered]:
        """Whose the blocks are."""
        by_block = {each.block: each for each in (*self.made, *self.legacy)}
        return [by_block[block] for block in order]


class Registrar:
    """Calls the exports, every time with another function and context."""

    def __init__(self, target: RoomTarget, pool: Pool) -> None:
        self._target, self._room, self._pool = target, target.room, pool
        self._number = 0

    def register(self, altitude: str | None) -> Registered:
        """Raises Stopped."""
        room, size = self._room, self._room.pointer_size
        function = room.new_function(3, lambda _: 0)
        self._number += 1
        context = _CONTEXT + 0x10 * self._number
        cookie, string = room.scratch, room.scratch + 0x100
        room.write(cookie, bytes(8))
        before = set(self._pool.blocks)
        room.written.clear()
        if altitude is None:
            status = room.call(self._export("CmRegisterCallback"), function, context, cookie)
        else:
            room.write_string(string, altitude)
            status = room.call(
                self._export("CmRegisterCallbackEx"), function, string, room.scratch + _OBJECT,
                context, cookie, 0,
            )  # fmt: skip
        block = next(
            (
                each
                for address, each in self._pool.blocks.items()
                if address not in before and offsets_of(room, each, function, size)
            ),
            None,
        )
        return Registered(
            altitude, function, context, status & 0xFFFF_FFFF, room.unsigned(cookie, 8), block
        )

    def unregister(self, cookie: int) -> int:
        """Raises Stopped."""
        room = self._room
        words = [cookie] if room.pointer_size == 8 else [cookie & 0xFFFF_FFFF, cookie >> 32]
        room.written.clear()
        return room.call(self._export("CmUnRegisterCallback"), *words) & 0xFFFF_FFFF

    def written(self) -> dict[int, int]:
        """What the last call wrote to the kernel's data: the 8 bytes at each aligned VA there."""
        found = {}
        for address, size in self._room.written:
            for at in range(address - address % 4, address + size, 4):
                try:
                    found[at] = self._room.unsigned(at, 8)
                except MemoryUnreadable:
                    continue
        return found

    def _export(self, name: str) -> int:
        address = self._target.exports.get(name)
        if address is None:
            raise Unrecognised(f"{self._target.path} does not export {name}")
        return address


def offsets_of(room: Room, block: Block, value: int, size: int) -> list[int]:
    """Where a block holds ``value``, in steps of 4 bytes."""
    raw = room.read(block.address, block.size)
    wanted = value.to_bytes(size, "little")
    return [at for at in range(0, len(raw) - size + 1, 4) if raw[at : at + size] == wanted]


def register_all(target: RoomTarget, pool: Pool) -> Registrations:
    """Does it; raises Stopped, and Unrecognised where the list cannot be told."""
    registrar = Registrar(target, pool)
    log: list[tuple[bool, int, dict[int, int]]] = []  # whether it counts, its cookie, what changed

    def logged(altitude: str | None) -> Registered:
        one = registrar.register(altitude)
        log.append((one.status == 0, one.cookie, registrar.written()))
        return one

    made = tuple(logged(altitude) for altitude in _ALTITUDES)
    for each in made:
        if each.status or each.block is None:
            raise Unrecognised(
                f"CmRegisterCallbackEx gave {each.status:#010x} for altitude {each.altitude}"
                + (f", having asked for {pool.refused[0]:#x} bytes of pool" if pool.refused else "")
                + ("" if each.block else "; no pool block holds the function")
            )
    again = logged(_ALTITUDES[0])
    legacy = (logged(None), logged(None))
    blocks = [each.block for each in (*made, *legacy) if each.block is not None]
    head, link, order = _ring(target, blocks)
    altitude = _legacy_altitude(target, pool, legacy[0])
    unregistered = registrar.unregister(made[0].cookie)
    gone = registrar.written()
    left = [each for each in blocks if each != made[0].block]
    try:
        _, _, after = _ring(target, left)
    except Unrecognised:
        _, _, after = _ring(target, blocks)  # it is still there
    return Registrations(
        made, again, legacy, head, link, order, _counts(log, gone), _cookies(log),
        altitude, unregistered, after,
    )  # fmt: skip


def _ring(target: RoomTarget, blocks: list[Block]) -> tuple[int, int, tuple[Block, ...]]:
    """The list's head, its offset in a block, and its blocks from the head on."""
    image = range(target.nt_base, target.nt_base + target.room.source.size)
    size = target.memory.pointer_size
    for link in range(0, min(each.size for each in blocks) - size, 4):
        entries = {each.address + link: each for each in blocks}
        ring = _follow(target, blocks[0].address + link, len(blocks) + 1)
        heads = [each for each in ring if each in image]
        if len(heads) == 1 and set(ring) == {*entries, heads[0]}:
            start = ring.index(heads[0])
            ring = ring[start + 1 :] + ring[:start]
            return heads[0], link, tuple(entries[each] for each in ring)
    raise Unrecognised("the blocks are in no list whose head lies in the kernel")


def _follow(target: RoomTarget, entry: int, most: int) -> list[int]:
    """The entries of a ring, both of whose directions hold; empty where there is none."""
    room, found, size = target.room, [entry], target.memory.pointer_size
    try:
        while len(found) <= most:
            following = room.pointer(found[-1])
            if room.pointer(following + size) != found[-1]:
                return []
            if following == entry:
                return found
            found.append(following)
    except MemoryUnreadable:
        pass
    return []


def _legacy_altitude(target: RoomTarget, pool: Pool, legacy: Registered) -> str | None:
    if legacy.block is None:
        return None
    strings = list(strings_of(target, pool, legacy.block).values())
    return strings[0] if strings else None


def strings_of(target: RoomTarget, pool: Pool, block: Block) -> dict[int, str]:
    """The UNICODE_STRINGs of a block that lead to live pool, by their offsets."""
    memory, found = target.memory, {}
    memory.invalidate()
    for at in range(0, block.size - 2 * memory.pointer_size + 1, 4):
        string = memory.unicode_string(block.address + at)
        text = pool.blocks.get(string.buffer) or pool.holding(string.buffer)
        if not 0 < string.length <= string.maximum_length <= 0x80 or text is None:
            continue
        end = string.buffer + string.length
        if string.length % 2 == 0 and end <= text.address + text.size:
            found[at] = memory.text(string)
    return found


def _cookies(log: list[tuple[bool, int, dict[int, int]]]) -> tuple[int, ...]:
    """Where the kernel's data has held the last cookie after each registration."""
    places = [
        {at for at, value in changed.items() if value == cookie}
        for _, cookie, changed in log
        if cookie
    ]
    return tuple(sorted(set.intersection(*places))) if places else ()


def _counts(log: list[tuple[bool, int, dict[int, int]]], gone: dict[int, int]) -> tuple[int, ...]:
    """Where the kernel's data counted each registration that was not refused, and the removal."""
    counted = [changed for counts, _, changed in log if counts]
    places = set(gone).intersection(*counted) if counted else set()
    mask = 0xFFFF_FFFF
    found = []
    for at in places:
        values = [changed[at] & mask for changed in counted]
        steps = {(after - before) & mask for before, after in zip(values, values[1:])}
        if steps == {1} and values[-1] - (gone[at] & mask) == 1:
            found.append(at)
    return tuple(sorted(found))
