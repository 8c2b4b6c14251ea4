"""What a callback remembers about keys: its object contexts (CmSetCallbackObjectContext)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from ..target.memory import Memory
from .layouts import context_layout

__all__ = ["ObjectContext", "contexts_of_key", "count_object_contexts", "object_contexts"]

_COUNT_LIMIT = 100  # a driver may keep thousands, and over KD each is a round trip


class ObjectContext(NamedTuple):
    """One `CMcc` entry. All VAs but ``cookie``; ``block`` should be the callback it hangs from."""

    address: int
    cookie: int
    block: int
    key_object: int
    context: int


def object_contexts(memory: Memory, head: int, limit: int) -> Iterator[ObjectContext]:
    """The contexts on ``head``, the VA of a block's ObjectContextListHead.

    At most ``limit``; raises MemoryUnreadable at the first that cannot be read.
    """
    yield from _contexts(memory, head, limit, context_layout(memory.pointer_size).link)


def contexts_of_key(memory: Memory, head: int, limit: int) -> Iterator[ObjectContext]:
    """The same, on the VA of a key object's ContextListHead: what all callbacks remember of it."""
    yield from _contexts(memory, head, limit, context_layout(memory.pointer_size).key_link)


def _contexts(memory: Memory, head: int, limit: int, link: int) -> Iterator[ObjectContext]:
    layout = context_layout(memory.pointer_size)
    pointer = memory.pointer_size
    for entry in memory.list_entries(head, limit):
        address = entry - link
        raw = memory.read(address, layout.size)

        def field(offset: int, size: int = pointer, raw: bytes = raw) -> int:
            return unsigned(raw, offset, size)

        yield ObjectContext(
            address=address,
            cookie=field(layout.cookie, 8),
            block=field(layout.block),
            key_object=field(layout.key_object),
            context=field(layout.context),
        )


def count_object_contexts(memory: Memory, head: int, problems: list[str]) -> int | None:
    """How many there are; counts to 100 and says in ``problems`` when there are more."""
    count = 0
    try:
        for _ in memory.list_entries(head, _COUNT_LIMIT + 1):
            count += 1
    except MemoryUnreadable as error:
        problems.append(f"object contexts: {error}")
        return None
    if count > _COUNT_LIMIT:
        problems.append(f"object contexts: more than {_COUNT_LIMIT}, counted no further")
        return _COUNT_LIMIT
    return count
