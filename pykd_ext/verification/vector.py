"""XP's and Server 2003's vector of callbacks, by the kernel's own CmRegisterCallback."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.layouts import VectorLayout
from ..kernel.locate import locate_vector
from .compare import found_places, place_row
from .outcome import Row, offsets_text
from .registrations import Registered, Registrar, Unrecognised, offsets_of
from .room_target import RoomTarget
from .stand_ins import Block, Pool

__all__ = ["Slot", "Vector", "register_in_vector", "vector_rows"]

_REGISTRATIONS = 3
_ROUTINE_TAG, _BLOCK_TAG = "Cbrb", "CMcb"  # SOURCES 1.4


class Slot:
    """One registration: its slot's VA and value, its routine block and the block that it leads to.

    Raises Unrecognised where they cannot be told."""

    def __init__(
        self, target: RoomTarget, pool: Pool, made: Registered, slots: dict[int, int]
    ) -> None:
        if made.block is None:
            raise Unrecognised("no pool block holds the function that was registered")
        self.made, self.routine = made, made.block
        found = [
            (at, value) for at, value in slots.items() if 0 <= value - self.routine.address < 0x10
        ]
        if len(found) != 1:
            raise Unrecognised("the routine block is in no slot, or in several")
        (self.address, self.value) = found[0]
        size = target.memory.pointer_size
        blocks = {}
        for at in range(0, self.routine.size - size + 1, 4):
            block = pool.blocks.get(target.room.pointer(self.routine.address + at))
            if block is not None and block.tag == _BLOCK_TAG:
                blocks[at] = block
        if len(blocks) != 1:
            raise Unrecognised("the routine block leads to no callback's block, or to several")
        ((self.context, self.block),) = blocks.items()


class Vector:
    """Three registrations and the removal of the second: slots, and where the kernel counted."""

    def __init__(self, target: RoomTarget, pool: Pool) -> None:
        """Raises Stopped and Unrecognised."""
        registrar = Registrar(target, pool)
        self.slots: list[Slot] = []
        counted = []
        for _ in range(_REGISTRATIONS):
            made = registrar.register(None)
            if made.status:
                raise Unrecognised(f"CmRegisterCallback gave {made.status:#010x}")
            written = registrar.written()
            mask = (1 << 8 * target.memory.pointer_size) - 1
            slots = {at: value & mask for at, value in written.items()}
            self.slots.append(Slot(target, pool, made, slots))
            counted.append({at: value & 0xFFFF_FFFF for at, value in written.items()})
        shared = set.intersection(*(set(each) for each in counted))
        self.counts = tuple(
            sorted(
                at
                for at in shared
                if counted[1][at] - counted[0][at] == counted[2][at] - counted[1][at] == 1
            )
        )
        self.unregistered = registrar.unregister(self.slots[1].made.cookie)


def register_in_vector(target: RoomTarget, pool: Pool) -> Vector:
    """Does it; raises Stopped and Unrecognised."""
    return Vector(target, pool)


def vector_rows(target: RoomTarget, table: VectorLayout, vector: Vector) -> Iterator[Row]:
    """The table's row of the vector, and where regcb finds it and its count."""
    size = target.memory.pointer_size
    first = vector.slots[0]
    steps = [each.address - first.address for each in vector.slots]
    yield Row("slots", f"every {size} bytes", ", ".join(f"+{each:#x}" for each in steps),
              steps == [size * number for number in range(len(steps))])  # fmt: skip
    cached = {each.value - each.routine.address for each in vector.slots}
    seen = " or ".join(f"{each:#x}" for each in sorted(cached))
    yield Row("references in a slot's low bits", f"{table.reference_mask:#x}", seen,
              cached == {table.reference_mask})  # fmt: skip
    yield from _blocks([each.routine for each in vector.slots], "routine block",
                       _ROUTINE_TAG, table.size)  # fmt: skip
    yield _field("Function", table.function, _where(target, vector, "routine", "function", size))
    contexts = tuple(sorted({each.context for each in vector.slots}))
    yield _field("Context", table.context, contexts)
    yield from _blocks([each.block for each in vector.slots], "callback's block", _BLOCK_TAG,
                       table.block_size)  # fmt: skip
    for what, offset, name, width in (
        ("Cookie in it", table.cookie, "cookie", 8),
        ("CallerContext in it", table.caller_context, "context", size),
    ):
        yield _field(what, offset, _where(target, vector, "block", name, width))
    functions = {each.made.function for each in vector.slots}
    head, count, *_ = found_places(
        target,
        ("CmpCallBackVector", "CmpCallBackCount"),
        lambda: locate_vector(target, table, functions.__contains__),
    )
    yield place_row(target, "CmpCallBackVector", head, (first.address,))
    yield place_row(target, "CmpCallBackCount", count, vector.counts)
    yield Row("CmUnRegisterCallback", "0x00000000", f"{vector.unregistered:#010x}",
              vector.unregistered == 0)  # fmt: skip


def _blocks(blocks: list[Block], what: str, tag: str, size: int) -> Iterator[Row]:
    sizes, tags = {each.size for each in blocks}, {each.tag for each in blocks}
    yield Row(f"{what}'s size", f"{size:#x}", " or ".join(f"{each:#x}" for each in sorted(sizes)),
              sizes == {size})  # fmt: skip
    yield Row(f"{what}'s tag", tag, " or ".join(sorted(tags)), tags == {tag})


def _field(what: str, table: int, seen: tuple[int, ...]) -> Row:
    return Row(what, f"+{table:#04x}", offsets_text(seen), seen == (table,))


def _where(target: RoomTarget, vector: Vector, block: str, name: str, size: int) -> tuple[int, ...]:
    """Offsets of what was registered under ``name``, in each slot's ``routine`` or ``block``."""
    places = [
        set(offsets_of(target.room, getattr(each, block), getattr(each.made, name), size))
        for each in vector.slots
    ]
    return tuple(sorted(set.intersection(*places)))
