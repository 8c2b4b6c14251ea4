"""Key objects: what a registry callback is given for a key, a CM_KEY_BODY."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..target.errors import MemoryUnreadable, RegcbError
from ..target.fields import unsigned
from .key_control_blocks import (
    KeyControlBlock,
    KeyPath,
    key_path,
    key_states,
    read_key_control_block,
)
from .key_layouts import (
    KEY_BODIES,
    KEY_BODY_TYPE,
    KEY_CONTROL_BLOCKS,
    note_key_doubts,
)

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["KeyObject", "KnownBlocks", "NotAKey", "read_key_object"]

_UNFINISHED = (
    1  # bit 0 of KeyControlBlock: the object is being created, without a name (SOURCES 5.1)
)


class NotAKey(RegcbError):
    """No key object is there; ``str()`` says what is instead."""


class KeyObject(NamedTuple):
    """One key object.

    ``path`` is ``\\REGISTRY\\MACHINE\\...``, None where it cannot be told; upper-cased when it
    ``is_upper_cased``. ``process_id`` is its creator's. ``flags`` are the body's, and
    ``transaction`` is the VA of the transaction that it was opened in, 0 without one, both None
    before Vista; ``block`` is its key control block, None where that cannot be read. ``contexts``
    is the VA of its ContextListHead, None before Vista. ``states`` says what is out of the ordinary
    (``deleted``, ``hive unloaded``, ``layer 1``), ``problems`` what could not be read.
    """

    address: int
    key_control_block: int
    path: str | None
    is_upper_cased: bool
    process_id: int
    flags: int | None
    transaction: int | None
    block: KeyControlBlock | None
    contexts: int | None
    states: tuple[str, ...]
    problems: tuple[str, ...]


KnownBlocks = MutableMapping[int, tuple[Optional[KeyControlBlock], KeyPath, list[str]]]


def read_key_object(target: Target, address: int, known: KnownBlocks | None = None) -> KeyObject:
    """The key object at the VA ``address``: two reads and its name's.

    ``known`` are key control blocks that are not read again, by their VAs, and are added to.

    Raises NotAKey when its Type is not 'ky02' (as for the object of a predefined handle) or when
    nothing can be read there.
    """
    memory = target.memory
    layout = KEY_BODIES.layout(target)
    note_key_doubts(target)
    raw = _body(target, address, layout.size)

    def field(offset: int, size: int = memory.pointer_size) -> int:
        return unsigned(raw, offset, size)

    pointer = field(layout.key_control_block)
    flags = None if layout.flags is None else field(layout.flags, 2)
    known = {} if known is None else known
    at = pointer & ~_UNFINISHED
    if at not in known:
        known[at] = _block_of(target, at)
    block, path, its_states = known[at]
    states = list(its_states)
    if pointer & _UNFINISHED:
        states.append("being created")
    states += [name for bit, name in layout.states if (flags or 0) >> bit & 1]
    return KeyObject(
        address=address,
        key_control_block=pointer & ~_UNFINISHED,
        path=path.text,
        is_upper_cased=path.is_upper_cased,
        process_id=field(layout.process_id),
        flags=flags,
        transaction=None if layout.transaction is None else field(layout.transaction),
        block=block,
        contexts=None if layout.contexts is None else address + layout.contexts,
        states=tuple(dict.fromkeys(states)),
        problems=path.problems,
    )


def _body(target: Target, address: int, size: int) -> bytes:
    try:
        raw = target.memory.read(address, size)
    except MemoryUnreadable as error:
        raise NotAKey(f"no key object at {address:#x}: {error}") from None
    found = unsigned(raw, 0, 4)
    if found != KEY_BODY_TYPE:
        raise NotAKey(
            f"no key object at {address:#x}: Type is {found:#x}, not {KEY_BODY_TYPE:#x} ('ky02')"
        )
    return raw


def _block_of(target: Target, address: int) -> tuple[KeyControlBlock | None, KeyPath, list[str]]:
    """The key control block, the path and the states."""
    memory, build = target.memory, target.build
    try:
        block = read_key_control_block(memory, build, address)
    except MemoryUnreadable as error:
        return None, KeyPath(None, problems=(f"its key control block: {error}",)), []
    layout = KEY_CONTROL_BLOCKS.value(target.architecture, build)
    return block, key_path(memory, build, block), key_states(block, layout)
