"""Walking nt!CmpCallBackVector of Windows XP and Server 2003: 100 fast references (SOURCES 1.4)."""

from __future__ import annotations

from collections.abc import Iterator

from ..target.errors import MemoryUnreadable, TargetError
from ..target.memory import Memory
from .layouts import vector_layout
from .registry_callback import RegistryCallback

__all__ = ["walk_vector"]


def walk_vector(memory: Memory, vector: int) -> Iterator[RegistryCallback]:
    """All slots, since unregistering leaves holes, in calling order: the order of the slots.

    ``vector`` is the VA of nt!CmpCallBackVector; raises TargetError when it cannot be read.
    """
    layout = vector_layout(memory.pointer_size)
    pointer = memory.pointer_size
    try:
        slots = memory.read(vector, layout.slots * pointer)
    except MemoryUnreadable as error:
        raise TargetError(f"nt!CmpCallBackVector cannot be read: {error}") from None
    for slot in range(layout.slots):
        reference = int.from_bytes(slots[slot * pointer : (slot + 1) * pointer], "little")
        address = reference & ~layout.reference_mask
        if not address:
            continue
        try:
            raw = memory.read(address, layout.size)
        except MemoryUnreadable as error:
            yield RegistryCallback(address, "vector", problems=(str(error),))
            continue
        function = int.from_bytes(raw[layout.function : layout.function + pointer], "little")
        block = int.from_bytes(raw[layout.context : layout.context + pointer], "little")
        yield _callback(memory, address, function, block)


def _callback(memory: Memory, address: int, function: int, block: int) -> RegistryCallback:
    """The routine block's context is XP's own callback block: its cookie first, as a FILETIME."""
    problems: tuple[str, ...] = ()
    cookie: int | None = None
    try:
        cookie = memory.u64(block)
    except MemoryUnreadable as error:
        problems = (f"cookie: {error}",)
    return RegistryCallback(address, "vector", function=function, cookie=cookie, problems=problems)
