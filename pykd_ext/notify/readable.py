"""Reading what a structure points to: as much as is there, and in words what is not."""

from __future__ import annotations

from typing import NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE, Memory

__all__ = ["Text", "read_available", "read_text", "why_unreadable"]


class Text(NamedTuple):
    """A string of the target, None where it could not be read or does not exist, and why not."""

    text: str | None
    problem: str | None = None


def why_unreadable(memory: Memory, address: int) -> str:
    """Why nothing can be read at ``address``."""
    is_user = memory.is_user(address)
    return f"{'user buffer, not present' if is_user else 'paged out or not mapped'} at {address:#x}"


def read_available(memory: Memory, address: int, size: int) -> bytes:
    """The ``size`` bytes at ``address``, or as many as come before the first missing page."""
    data = bytearray()
    while len(data) < size:
        position = address + len(data)
        part = min(PAGE - position % PAGE, size - len(data))
        try:
            data += memory.read(position, part)
        except MemoryUnreadable:
            break
    return bytes(data)


def read_text(memory: Memory, address: int) -> Text:
    """The text of the UNICODE_STRING at ``address``; no text and no problem for NULL."""
    if not address:
        return Text(None)
    try:
        string = memory.unicode_string(address)
    except MemoryUnreadable:
        return Text(None, f"its UNICODE_STRING: {why_unreadable(memory, address)}")
    size = string.length & ~1
    data = read_available(memory, string.buffer, size)
    if size and not data:
        return Text(None, f"its Buffer: {why_unreadable(memory, string.buffer)}")
    text = data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")
    if len(data) < size:
        return Text(text, f"cut, the rest: {why_unreadable(memory, string.buffer + len(data))}")
    if string.length % 2 or string.length > string.maximum_length:
        lengths = f"Length {string.length:#x}, MaximumLength {string.maximum_length:#x}"
        return Text(text, f"a malformed UNICODE_STRING: {lengths}")
    return Text(text)
