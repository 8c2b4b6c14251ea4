"""Reading at once what is going to be read in pieces.

A request to the target costs the same for a pointer and for a KB, and the engine keeps what it has
read until the target goes on: the pieces cost nothing then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.process_layouts import thread_callbacks_offset, thread_layout
from ..notify.classes import notify_class
from ..notify.structures import structure
from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["read_ahead", "read_stack_ahead", "read_value_ahead", "thread_fields"]

_LARGEST = 0x600  # bytes: what one request brings
_SMALLEST = 0x80  # bytes: what the engine reads for less
_FRAMES = 0x400  # bytes of stack in which the class and both notifications' structures lie


def read_ahead(target: LiveTarget, address: int, size: int) -> None:
    """What lies there, if all of it can be read: who needs it asks again."""
    try:
        target.read(address, size)
    except MemoryUnreadable:
        return


def read_stack_ahead(target: LiveTarget) -> int:
    """The frames that the code which calls callbacks goes by; the stack pointer."""
    stack = target.register(ARCHITECTURES[target.architecture].stack_pointer)
    read_ahead(target, stack, min(_FRAMES, -stack % PAGE))
    return stack


def thread_fields(target: LiveTarget) -> range:
    """From the first to the last of what is asked of an ETHREAD: offsets in bytes, none where that
    is too much for one request."""
    layout = thread_layout(target)
    asked = [layout.process, layout.previous_mode, layout.client_id]
    known = [each for each in (*asked, thread_callbacks_offset(target)) if each is not None]
    found = range(min(known), max(known) + 2 * target.memory.pointer_size) if known else range(0)
    return found if len(found) <= _LARGEST else range(0)


def read_value_ahead(target: LiveTarget, number: int, information: int) -> None:
    """A value's name and its data, which the structure at the VA ``information`` points to, where
    they lie close together on one page."""
    memory = target.memory
    for name in notify_class(number).structures[:1]:
        layout = structure(name, memory.pointer_size)
        offsets = [each.offset for each in layout.members if each.name in ("ValueName", "Data")]
        if len(offsets) != 2:
            return
        try:
            first, last = sorted(memory.pointer(information + each) for each in offsets)
        except MemoryUnreadable:
            return
        size = min(last - first + _SMALLEST, -first % PAGE)
        if last - first < _LARGEST and last // PAGE == first // PAGE:
            read_ahead(target, first, size)
