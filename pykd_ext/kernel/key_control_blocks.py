"""From a key control block (KCB) to the key's full path and its state.

As the kernel does it (SOURCES 5.4): the cached FullKCBName, which has the true case, where there is
one; else the name blocks from the key up to the root, which are upper-cased.
"""

from __future__ import annotations

from typing import NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from ..target.memory import Memory
from .key_layouts import (
    HCELL_NIL,
    KEY_CONTROL_BLOCKS,
    KEY_HIVE_ENTRY,
    KEY_VIRT_TARGET,
    LAYER_TOMBSTONE,
    KeyControlBlockLayout,
    layer_layout,
    name_block_layout,
)

__all__ = [
    "KeyControlBlock",
    "KeyPath",
    "key_path",
    "key_states",
    "read_key_control_block",
    "read_lower_layer",
]

_DEEPEST = 1024  # TotalLevels, the kernel's count of a key's parents, has ten bits
_LONGEST = 0xFFFF  # bytes of a path, the kernel's own limit

_STALE = 1  # bit 0 of FullKCBName (SOURCES 5.2), which a rename sets


class KeyControlBlock(NamedTuple):
    """One KCB as it lies in memory; layers are 0 before 1607, ``full_name`` is before Vista.

    All VAs but ``ref_count``, ``state`` (the dword of its state bits), ``key_cell``,
    ``layer_height``, ``layer_semantics``, ``value_count``, ``sub_keys`` (SubKeyCount, or what else
    is in its place), ``last_write`` (100 ns since 1601, UTC) and ``flags``. ``transaction`` is the
    first of KCBUoWListHead, 0 where there is none.
    """

    address: int
    ref_count: int
    state: int
    key_cell: int
    layer_height: int
    layer_semantics: int
    parent: int
    name_block: int
    security: int
    value_count: int
    sub_keys: int
    last_write: int
    flags: int
    full_name: int
    transaction: int
    layer_info: int


class KeyPath(NamedTuple):
    """A full path, ``\\REGISTRY\\MACHINE\\...``; ``text`` is None where it cannot be told.

    ``is_upper_cased``: it was put together from name blocks, which have lost the case.
    ``problems`` says what was wrong on the way.
    """

    text: str | None
    is_upper_cased: bool = False
    problems: tuple[str, ...] = ()


def read_key_control_block(memory: Memory, build: int, address: int) -> KeyControlBlock:
    """The KCB at ``address``, in one read; raises MemoryUnreadable."""
    layout = KEY_CONTROL_BLOCKS.value(memory.architecture.name, build)
    raw = memory.read(address, layout.size)

    def field(offset: int | None, size: int = memory.pointer_size) -> int:
        return 0 if offset is None else unsigned(raw, offset, size)

    is_alone = field(layout.transactions) == address + (layout.transactions or 0)
    return KeyControlBlock(
        address=address,
        ref_count=field(0, 4),
        state=field(layout.state, 4),
        key_cell=field(layout.key_cell, 4),
        layer_height=field(layout.layer_height, 2),
        layer_semantics=field(layout.layer_height and layout.layer_height - 1, 1),
        parent=field(layout.parent),
        name_block=field(layout.name_block),
        security=field(layout.name_block + memory.pointer_size),
        value_count=field(layout.name_block + 2 * memory.pointer_size, 4),
        sub_keys=field(layout.sub_key_count),
        last_write=field(layout.last_write, 8),
        flags=field(layout.flags, 4) >> 16,
        full_name=field(layout.full_name),
        transaction=0 if is_alone else field(layout.transactions),
        layer_info=field(layout.layer_info),
    )


def read_lower_layer(memory: Memory, build: int, block: KeyControlBlock) -> KeyControlBlock | None:
    """The KCB that ``block``, of a container's hive, lies over; raises MemoryUnreadable."""
    if not block.layer_height or not block.layer_info:
        return None
    layout = layer_layout(memory.pointer_size)
    lower = memory.pointer(block.layer_info + layout.lower_layer)
    if not lower:
        return None
    return read_key_control_block(memory, build, memory.pointer(lower + layout.key_control_block))


def key_states(block: KeyControlBlock, layout: KeyControlBlockLayout) -> list[str]:
    """What is out of the ordinary: ``deleted``, ``hive unloaded``, ``layer 2``..."""
    states = [name for bit, name in layout.states if block.state >> bit & 1]
    if block.key_cell == HCELL_NIL and "deleted" not in states:
        states.append("in no hive")
    if block.layer_height:
        states.append(f"layer {block.layer_height}")
        if block.layer_semantics == LAYER_TOMBSTONE:
            states.append("tombstone")
    if block.flags & KEY_VIRT_TARGET:
        states.append("virtualised")
    return states


def key_path(memory: Memory, build: int, block: KeyControlBlock) -> KeyPath:
    """The full path of the key; never raises for what memory holds."""
    cached = _cached_name(memory, block)
    if cached and not block.full_name & _STALE:
        return KeyPath(cached)
    try:
        joined = _joined_names(memory, build, block)
    except (MemoryUnreadable, _Broken) as error:
        if cached:
            return KeyPath(cached, problems=(f"a name from before a rename ({error})",))
        return KeyPath(None, problems=(str(error),))
    if cached and cached.upper() == joined.upper():
        return KeyPath(cached)
    return KeyPath(joined, is_upper_cased=True)


class _Broken(Exception):
    """The KCBs do not lead to a root; ``str()`` says why."""


def _cached_name(memory: Memory, block: KeyControlBlock) -> str | None:
    """FullKCBName, None where there is none that can be read: the name blocks say the same."""
    pointer = block.full_name & ~_STALE
    if not pointer:
        return None
    try:
        return memory.text(memory.unicode_string(pointer), _LONGEST) or None
    except MemoryUnreadable:
        return None


def _joined_names(memory: Memory, build: int, block: KeyControlBlock) -> str:
    skips = KEY_CONTROL_BLOCKS.value(memory.architecture.name, build).skips_hive_entries
    names: list[str] = []
    seen: set[int] = set()
    length = 0
    while True:
        if block.address in seen or len(seen) >= _DEEPEST:
            raise _Broken(f"the parents of the key control block {block.address:#x} form a loop")
        seen.add(block.address)
        if not (skips and block.flags & KEY_HIVE_ENTRY and block.parent):
            names.append(_name(memory, block.name_block))
            length += 2 * len(names[-1])
        if length > _LONGEST:
            raise _Broken(f"the names up to the key control block {block.address:#x} are too long")
        if not block.parent:
            return "".join(f"\\{name}" for name in reversed(names))
        block = read_key_control_block(memory, build, block.parent)


def _name(memory: Memory, address: int) -> str:
    layout = name_block_layout(memory.pointer_size)
    head = memory.read(address, layout.name)
    length = unsigned(head, layout.name_length, 2)
    raw = memory.read(address + layout.name, length) if length else b""
    if head[0] & 1:  # Compressed: a byte a character
        return raw.decode("latin-1")
    return raw[: length & ~1].decode("utf-16-le", "surrogatepass")
