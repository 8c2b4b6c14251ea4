"""Walking nt!CmpCallBackVector of Windows XP and Server 2003: 100 fast references (SOURCES 1.4)."""

from __future__ import annotations

from collections.abc import Iterator

from ..target.errors import MemoryUnreadable, TargetError
from ..target.fields import unsigned, words
from ..target.memory import Memory
from .callback_block import CallbackBlock
from .layouts import VectorLayout

__all__ = ["walk_vector"]


def walk_vector(memory: Memory, vector: int, layout: VectorLayout) -> Iterator[CallbackBlock]:
    """All slots, since unregistering leaves holes, in calling order: the order of the slots.

    ``vector`` is the VA of nt!CmpCallBackVector; raises TargetError when it cannot be read.
    """
    pointer = memory.pointer_size
    try:
        slots = memory.read(vector, layout.slots * pointer)
    except MemoryUnreadable as error:
        raise TargetError(f"nt!CmpCallBackVector cannot be read: {error}") from None
    for reference in words(slots, pointer):
        address = reference & ~layout.reference_mask
        if not address:
            continue
        try:
            raw = memory.read(address, layout.size)
        except MemoryUnreadable as error:
            yield CallbackBlock(address, "vector", problems=(str(error),))
            continue
        function = unsigned(raw, layout.function, pointer)
        block = unsigned(raw, layout.context, pointer)
        callback = CallbackBlock(address, "vector", function=function)
        yield _with_block(memory, callback, block, layout)


def _with_block(
    memory: Memory, callback: CallbackBlock, block: int, layout: VectorLayout
) -> CallbackBlock:
    """The routine block's context is XP's own block: the cookie, as a FILETIME, and the driver's
    own context."""
    try:
        raw = memory.read(block, layout.block_size)
    except MemoryUnreadable as error:
        return callback._replace(problems=(f"cookie and context: {error}",))
    context = raw[layout.caller_context :][: memory.pointer_size]
    return callback._replace(
        cookie=unsigned(raw, layout.cookie, 8),
        context=unsigned(context),
    )
