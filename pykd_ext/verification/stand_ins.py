"""What the kernel's code meets in the room in place of the rest of Windows: pool, HAL, guard."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.image import data_directory
from .room import Room
from .room_target import RoomTarget

__all__ = ["Block", "Pool", "stand_in_for_windows"]

FILL = 0xA7  # what fresh pool holds: nothing that a callback's block could
_GAP = 0x20
_IMPORT_ADDRESSES, _LOAD_CONFIGURATION = 12, 10  # IMAGE_DIRECTORY_ENTRY_IAT, _LOAD_CONFIG
_MOST_IMPORTS = 0x1000
# GuardCFCheckFunctionPointer and GuardCFDispatchFunctionPointer (winnt.h,
# IMAGE_LOAD_CONFIG_DIRECTORY32 and 64), each a pointer to the pointer.
_GUARD_POINTERS = {4: (0x48, 0x4C), 8: (0x70, 0x78)}
# What calls through them, in kernels whose code does so directly: the names of public symbols.
_GUARD_DISPATCHERS = (
    "_guard_dispatch_icall", "_guard_dispatch_icall_nop", "_guard_dispatch_icall_no_overrides",
    "guard_dispatch_icall", "guard_dispatch_icall_nop", "guard_dispatch_icall_no_overrides",
)  # fmt: skip
_QUIET = (("KeAbPreAcquire", 3), ("KeAbPostRelease", 1), ("KeAbPostReleaseEx", 2))


class Block(NamedTuple):
    """A pool block: VA, size in bytes, tag."""

    address: int
    size: int
    tag: str


class _Allocator(NamedTuple):
    """A function that allocates: its export, and which words of its arguments are the size and
    the tag (ntifs.h, wdm.h). ``wide``: its first argument has 64 bits, on x86 two words."""

    name: str
    words: int
    size: int
    tag: int | None
    wide: bool = False


_ALLOCATORS = (
    _Allocator("ExAllocatePool", 2, 1, None),
    _Allocator("ExAllocatePoolWithTag", 3, 1, 2),
    _Allocator("ExAllocatePoolWithQuotaTag", 3, 1, 2),
    _Allocator("ExAllocatePoolWithTagPriority", 4, 1, 2),
    _Allocator("ExAllocatePool2", 3, 1, 2, wide=True),
    _Allocator("ExAllocatePool3", 5, 1, 2, wide=True),
)
_FREERS = (("ExFreePool", 1), ("ExFreePoolWithTag", 2))


class Pool:
    """The room's pool. ``blocks`` are the live ones, by address; ``refused`` the sizes that the
    code asked for and did not get."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._next = room.pool + 0x100
        self.blocks: dict[int, Block] = {}
        self.refused: list[int] = []

    def allocate(self, size: int, tag: int) -> int:
        address = self._next
        if address + size + _GAP > self._room.pool_end:
            self.refused.append(size)
            return 0
        self._next = (address + size + _GAP + 0xF) & ~0xF
        self._room.write(address, bytes([FILL]) * (size + _GAP))
        text = tag.to_bytes(4, "little").decode("latin-1")
        self.blocks[address] = Block(address, size, text)
        return address

    def free(self, words: Sequence[int]) -> int:
        self.blocks.pop(words[0], None)
        return 0

    def holding(self, address: int) -> Block | None:
        """The live block that holds the VA ``address``."""
        for block in self.blocks.values():
            if block.address <= address < block.address + block.size:
                return block
        return None


def stand_in_for_windows(room: Room, target: RoomTarget) -> Pool:
    """Puts all of it into the room."""
    pool = Pool(room)
    for each in _ALLOCATORS:
        if each.name in target.exports:
            _stand_in_for_allocator(room, target.exports[each.name], each, pool)
    for name, words in _FREERS:
        if name in target.exports:
            room.stand_in(target.exports[name], words, pool.free)
    _fill_imports(room, target)
    _fill_guard_pointers(room, target)
    for name, words in _QUIET:
        address = _known(target, name)
        if address is not None:
            room.stand_in(address, words, lambda _: 0)
    return pool


def _stand_in_for_allocator(room: Room, address: int, allocator: _Allocator, pool: Pool) -> None:
    more = 1 if allocator.wide and room.pointer_size == 4 else 0

    def allocate(words: Sequence[int]) -> int:
        tag = 0 if allocator.tag is None else words[allocator.tag + more] & 0xFFFF_FFFF
        return pool.allocate(words[allocator.size + more], tag)

    room.stand_in(address, allocator.words + more, allocate)


def _known(target: RoomTarget, name: str) -> int | None:
    from ..target.errors import SymbolNotFound  # noqa: PLC0415

    try:
        return target.symbol(name)
    except SymbolNotFound:
        return None


def _fill_imports(room: Room, target: RoomTarget) -> None:
    """Every import, the HAL's foremost, returns zero."""
    start, size = data_directory(target.memory, target.nt_base, _IMPORT_ADDRESSES)
    if not start:
        return
    zero = room.new_code(room.processor.zero_call)
    step = room.pointer_size
    for at in range(start, start + min(size, _MOST_IMPORTS * step) - step + 1, step):
        try:
            if room.pointer(target.nt_base + at):
                room.write_pointers(target.nt_base + at, zero)
        except MemoryUnreadable:
            continue
    target.memory.invalidate()


def _fill_guard_pointers(room: Room, target: RoomTarget) -> None:
    """Control Flow Guard lets every call pass."""
    codes = [room.new_code(room.processor.check), room.new_code(room.processor.dispatch)]
    start, size = data_directory(target.memory, target.nt_base, _LOAD_CONFIGURATION)
    try:
        for offset, code in zip(_GUARD_POINTERS[room.pointer_size], codes):
            if start and offset + room.pointer_size <= size:
                slot = target.memory.pointer(target.nt_base + start + offset)
                if target.nt_base <= slot < target.nt_base + room.source.size - 8:
                    room.write_pointers(slot, code)
    except MemoryUnreadable:
        pass  # then the code's own pointers stay
    for name in _GUARD_DISPATCHERS:
        address = _known(target, name)
        if address is not None:
            with suppress(MemoryUnreadable):  # nobody calls it, or the room says that it is absent
                room.write(address, room.processor.dispatch)
    target.memory.invalidate()
