"""Reading at once what is going to be read in pieces.

A request to the target costs the same for a pointer and for a KB, and the engine keeps what it has
read until the target goes on: the pieces cost nothing then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.process_layouts import thread_callbacks_offset, thread_layout
from ..target.errors import MemoryUnreadable

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["read_ahead", "thread_fields"]

_LARGEST = 0x600  # bytes: what one request brings


def read_ahead(target: LiveTarget, address: int, size: int) -> None:
    """What lies there, if all of it can be read: who needs it asks again."""
    try:
        target.read(address, size)
    except MemoryUnreadable:
        return


def thread_fields(target: LiveTarget) -> range:
    """From the first to the last of what is asked of an ETHREAD: offsets in bytes, none where that
    is too much for one request."""
    layout = thread_layout(target)
    asked = [layout.process, layout.previous_mode, layout.client_id]
    known = [each for each in (*asked, thread_callbacks_offset(target)) if each is not None]
    found = range(min(known), max(known) + 2 * target.memory.pointer_size) if known else range(0)
    return found if len(found) <= _LARGEST else range(0)
