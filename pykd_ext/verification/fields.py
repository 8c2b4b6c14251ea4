"""Which offset of a block every field has, by what registering has left there."""

from __future__ import annotations

from typing import NamedTuple

from .registrations import Registered, Registrations, offsets_of, strings_of
from .room import Stopped
from .room_target import RoomTarget
from .stand_ins import FILL, Pool

__all__ = ["Fields", "read_fields"]

_KEY, _KEY_SIZE, _CONTEXT = 0x6000, 0x100, 0x0BC0_FFEE
_KEY_BODY = b"20yk"  # CM_KEY_BODY.Type, 'ky02'


class Fields(NamedTuple):
    """Offsets, each of them where it may be: one where it is certain. ``sizes`` and ``tags`` are
    those of all blocks, ``untouched`` the dwords that the code has left as the pool gave them,
    ``free`` all dwords that belong to no field."""

    sizes: tuple[int, ...]
    tags: tuple[str, ...]
    cookie: tuple[int, ...]
    caller_context: tuple[int, ...]
    function: tuple[int, ...]
    altitude: tuple[int, ...]
    object_contexts: tuple[int, ...]
    altitude_tags: tuple[str, ...]
    untouched: frozenset[int]
    free: tuple[int, ...]


def read_fields(target: RoomTarget, pool: Pool, registered: Registrations) -> Fields:
    """Of the blocks that are on the list."""
    room, pointer = target.room, target.memory.pointer_size
    alive = [each for each in (*registered.made[1:], *registered.legacy) if each.block]
    blocks = [each.block for each in alive if each.block]
    sizes = tuple(sorted({each.size for each in blocks}))
    cookie = _common([_where(target, each, each.cookie, 8) for each in alive])
    context = _common([_where(target, each, each.context, pointer) for each in alive])
    function = _common([_where(target, each, each.function, pointer) for each in alive])
    altitude = _common([_altitudes(target, pool, each) for each in alive])
    lists = _own_lists(target, alive, registered.link)
    if len(lists) > 1:
        lists = _moved_by_context(target, alive, lists) or lists
    fill = bytes([FILL]) * 4
    raws = [room.read(each.address, min(sizes)) for each in blocks]
    dwords = range(0, min(sizes) - 3, 4)
    untouched = frozenset(at for at in dwords if all(raw[at : at + 4] == fill for raw in raws))
    taken = set(range(registered.link, registered.link + 2 * pointer))
    for offsets, size in (
        (cookie, 8), (context, pointer), (function, pointer), (altitude, 2 * pointer),
        (lists, 2 * pointer),
    ):  # fmt: skip
        taken.update(at for offset in offsets for at in range(offset, offset + size))
    tags = {
        text.tag
        for each in alive
        for at in altitude
        if (text := pool.holding(target.memory.pointer(_address(each) + at + pointer)))
    }
    return Fields(
        sizes, tuple(sorted({each.tag for each in blocks})), cookie, context, function, altitude,
        lists, tuple(sorted(tags)), untouched, tuple(at for at in dwords if at not in taken),
    )  # fmt: skip


def _where(target: RoomTarget, registered: Registered, value: int, size: int) -> list[int]:
    assert registered.block is not None
    return offsets_of(target.room, registered.block, value, size)


def _address(registered: Registered) -> int:
    assert registered.block is not None
    return registered.block.address


def _common(places: list[list[int]]) -> tuple[int, ...]:
    return tuple(sorted(set.intersection(*map(set, places)))) if places else ()


def _altitudes(target: RoomTarget, pool: Pool, registered: Registered) -> list[int]:
    assert registered.block is not None
    strings = strings_of(target, pool, registered.block)
    wanted = registered.altitude
    return [at for at, text in strings.items() if wanted is None or text == wanted]


def _own_lists(target: RoomTarget, alive: list[Registered], link: int) -> tuple[int, ...]:
    """LIST_ENTRYs that are empty: they point at themselves, both ways."""
    size, room = target.memory.pointer_size, target.room
    found = []
    for each in alive:
        assert each.block is not None
        block = each.block
        raw = room.read(block.address, block.size)
        found.append(
            [
                at
                for at in range(0, len(raw) - 2 * size + 1, 4)
                if at != link
                and raw[at : at + 2 * size] == (block.address + at).to_bytes(size, "little") * 2
            ]
        )
    return _common(found)


def _moved_by_context(
    target: RoomTarget, alive: list[Registered], lists: tuple[int, ...]
) -> tuple[int, ...]:
    """Which of the lists CmSetCallbackObjectContext puts a context into; empty if it does not."""
    room, size = target.room, target.memory.pointer_size
    function = target.exports.get("CmSetCallbackObjectContext")
    if function is None:
        return ()
    key, cookie, old = room.scratch + _KEY, room.scratch + 0x10, room.scratch + 0x20
    room.write_pointers(key, *range(key, key + _KEY_SIZE, size))
    room.write(key, _KEY_BODY)
    room.write(cookie, alive[0].cookie.to_bytes(8, "little"))
    room.write(old, bytes(8))
    before = room.read(_address(alive[0]), min(each.block.size for each in alive if each.block))
    with room.undone():
        try:
            room.call(function, key, cookie, _CONTEXT, old)
        except Stopped:
            return ()
        after = room.read(_address(alive[0]), len(before))
    room.write(_address(alive[0]), before)
    return tuple(at for at in lists if before[at : at + size] != after[at : at + size])
