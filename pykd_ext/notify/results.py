"""What a query has put into its caller's buffer: the KEY_*INFORMATION structures in words.

Structures: wdm.h, KEY_NAME_INFORMATION ntifs.h. The buffer is the caller's own, mostly in user
space, and may be gone, changed or hostile by the time that somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..target.fields import unsigned
from ..target.memory import Memory
from .readable import Text, read_available, why_unreadable
from .structures import structure
from .values import ValueData, filetime_text, value_name_text, value_type_text

__all__ = ["Buffer", "key_result", "value_result"]

_LONGEST_NAME = 0xFFFF  # bytes, what a UNICODE_STRING can hold


class Buffer(NamedTuple):
    """A caller's buffer at the VA ``address`` with room for ``size`` bytes; of a value's data
    ``limit`` bytes are read."""

    memory: Memory
    address: int
    size: int
    limit: int


class _Result(NamedTuple):
    """One structure in a buffer; ``tail`` is the offset of the array that it ends in."""

    buffer: Buffer
    members: dict[str, int]
    tail: int

    def bytes_at(self, offset: int, size: int) -> bytes:
        """Never past the end of the buffer, however much the structure claims."""
        room = max(0, min(size, self.buffer.size - offset))
        return read_available(self.buffer.memory, self.buffer.address + offset, room)

    def text_at(self, offset: int, size: int) -> str:
        data = self.bytes_at(offset, min(size, _LONGEST_NAME))
        return data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")


def value_result(buffer: Buffer, information_class: int) -> Text:
    """``'Start' REG_DWORD 0x2 (2)``, as much of it as the KEY_VALUE_INFORMATION_CLASS asks for.

    No text and no problem for a class that is not known.
    """
    return _result_text(buffer, _VALUE_FORMS.get(information_class), _value_text)


def key_result(buffer: Buffer, information_class: int) -> Text:
    """A key's name and write time, or its counts, as the KEY_INFORMATION_CLASS asks for.

    No text and no problem for a class that is not known.
    """
    return _result_text(buffer, _KEY_FORMS.get(information_class), _key_text)


_VALUE_FORMS = {
    0: "KEY_VALUE_BASIC_INFORMATION",
    1: "KEY_VALUE_FULL_INFORMATION",
    2: "KEY_VALUE_PARTIAL_INFORMATION",
    3: "KEY_VALUE_FULL_INFORMATION",  # Align64: DataOffset says where
    4: "KEY_VALUE_PARTIAL_INFORMATION_ALIGN64",
}
_KEY_FORMS = {
    0: "KEY_BASIC_INFORMATION",
    1: "KEY_NODE_INFORMATION",
    2: "KEY_FULL_INFORMATION",
    3: "KEY_NAME_INFORMATION",
}


def _result_text(buffer: Buffer, form: str | None, words: Callable[[_Result], str]) -> Text:
    if form is None:
        return Text(None)
    *members, last = structure(form, buffer.memory.pointer_size).members
    if buffer.size < last.offset:
        return Text(None, f"its Length {buffer.size:#x} has no room for a {form}")
    raw = read_available(buffer.memory, buffer.address, last.offset)
    if len(raw) < last.offset:
        return Text(None, why_unreadable(buffer.memory, buffer.address + len(raw)))
    values = {each.name: unsigned(raw, each.offset, each.size) for each in members}
    return Text(words(_Result(buffer, values, last.offset)))


def _value_text(result: _Result) -> str:
    members = result.members
    parts = []
    if "NameLength" in members:
        name = result.text_at(result.tail, members["NameLength"])
        parts.append(f"'{name}'" if name else value_name_text(name))
    parts.append(value_type_text(members["Type"]))
    if "DataLength" in members:
        size = members["DataLength"]
        start = members.get("DataOffset", result.tail)
        data = result.bytes_at(start, min(size, result.buffer.limit))
        parts.append(ValueData(members["Type"], size, data).text() if size else "no data")
    return " ".join(parts)


def _key_text(result: _Result) -> str:
    members = result.members
    parts = []
    if "NameLength" in members:
        parts.append(f"'{result.text_at(result.tail, members['NameLength'])}'")
    if members.get("ClassLength"):
        klass = result.text_at(members["ClassOffset"], members["ClassLength"])
        parts.append(f"class '{klass}'")
    if "SubKeys" in members:
        parts += [f"{members['SubKeys']} subkeys", f"{members['Values']} values"]
    if "LastWriteTime" in members:
        parts.append(f"written {filetime_text(members['LastWriteTime'])}")
    return ", ".join(parts)
