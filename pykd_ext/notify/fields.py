"""One member of a structure in words, by its name where that is decisive, else by its type.

The rules about what is valid when: Microsoft's pages of the structures, "Invalid Key Object
Pointers in Registry Notifications", and SOURCES 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Optional

from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from ..target.memory import Memory
from .classes import NotifyClass
from .ntstatus import status_text
from .readable import Text, read_available, read_text, why_unreadable
from .results import Buffer, key_result, value_result
from .structures import structure
from .values import ValueData, filetime_text, value_name_text, value_type_text
from .words import (
    ACCESS_RIGHTS,
    CREATE_OPTIONS,
    DISPOSITIONS,
    HIVE_FLAGS,
    KEY_INFORMATION_CLASSES,
    KEY_SET_INFORMATION_CLASSES,
    KEY_VALUE_INFORMATION_CLASSES,
    OBJECT_ATTRIBUTES,
    PROCESSOR_MODES,
    SAVE_FORMATS,
    SECURITY_INFORMATION,
    WOW64_FLAGS,
    choice_text,
    class_text,
    flags_text,
)

__all__ = ["KEY_OBJECTS", "SUCCESS", "KeyPath", "MemberContext", "field_text"]

KeyPath = Callable[[int], Optional[str]]  # the VA of a key object -> its full path, or None

KEY_OBJECTS = {"Object", "RootObject", "HighKeyObject", "LowKeyObject", "TrustClassObject"}

SUCCESS = 0
_ROOM_TOO_SMALL = {0x8000_0005, 0xC000_0023}  # STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL

_SHOWN_ENTRIES = 16  # of the names of a query for many values
_SHOWN_BYTES = 32  # of the information that a key is to be given


class MemberContext(NamedTuple):
    """What a member is read with.

    ``values`` are the raw values of all members (without those that could not be read); ``status``
    is the operation's NTSTATUS, None as long as it has not happened; ``linked`` is set for the pre
    structure that a post notification leads to. ``value`` is the data that is to be set, read up
    to ``data_limit`` bytes.
    """

    memory: Memory
    notify_class: NotifyClass
    values: Mapping[str, int]
    status: int | None
    linked: bool
    value: ValueData | None
    data_limit: int
    key_path: KeyPath

    @property
    def object_is_undefined(self) -> bool:
        """Whether Object is undefined, whatever it holds."""
        needs_success = self.notify_class.key_object == "valid-on-success"
        return needs_success and self.status != SUCCESS


def field_text(context: MemberContext, name: str, type_name: str) -> Text:
    """What the member ``name`` says in words, or why it says nothing."""
    raw = context.values[name]
    read = _BY_NAME.get(name) or _BY_TYPE.get(type_name)
    return read(context, raw) if read else Text(None)


def _plain(words: Callable[[int], str]) -> Callable[[MemberContext, int], Text]:
    """A member that needs nothing but its own value."""
    return lambda _, value: Text(words(value))


def _name(context: MemberContext, pointer: int) -> Text:
    return read_text(context.memory, pointer)


def _value_name(context: MemberContext, pointer: int) -> Text:
    """NULL and an empty name both mean the key's default value (SOURCES 4.3)."""
    name = read_text(context.memory, pointer)
    if name.text is None and name.problem:
        return name
    return Text(value_name_text(name.text or ""), name.problem)


def _key_object(context: MemberContext, address: int) -> Text:
    if not address:
        return Text(None)
    path = context.key_path(address)
    if context.notify_class.key_object == "destroyed":
        return Text(f"{path or 'key object'} (being destroyed)")
    return Text(path)


def _object(context: MemberContext, address: int) -> Text:
    if context.notify_class.key_object == "null" and not address:
        return Text("NULL: two keys are merged")
    if context.object_is_undefined:
        return Text(f"undefined: Status is {_status_words(context)}, not STATUS_SUCCESS")
    return _key_object(context, address)


def _status_words(context: MemberContext) -> str:
    return "unknown" if context.status is None else status_text(context.status)


def _output(
    read: Callable[[MemberContext, int], Text], partial: bool = False
) -> Callable[[MemberContext, int], Text]:
    """A member that the operation fills in; ``partial``: even when the caller's room is too small.

    A pre structure shows what it holds once its post notification has led to it.
    """

    def text(context: MemberContext, value: int) -> Text:
        if not context.linked:
            return Text("not set yet")
        if context.status == SUCCESS or (partial and context.status in _ROOM_TOO_SMALL):
            return read(context, value)
        return Text(f"not set: Status is {_status_words(context)}")

    return text


def _pointed(words: Callable[[int], str], size: int = 4) -> Callable[[MemberContext, int], Text]:
    """A pointer to a number of ``size`` bytes; 0 bytes for a number of a pointer's size."""

    def text(context: MemberContext, pointer: int) -> Text:
        if not pointer:
            return Text(None)
        try:
            return Text(
                words(context.memory.unsigned(pointer, size or context.memory.pointer_size))
            )
        except MemoryUnreadable:
            return Text(None, why_unreadable(context.memory, pointer))

    return text


def _result_object(context: MemberContext, pointer: int) -> Text:
    if not pointer:
        return Text(None)
    try:
        address = context.memory.pointer(pointer)
    except MemoryUnreadable:
        return Text(None, why_unreadable(context.memory, pointer))
    path = context.key_path(address) if address else None
    return Text(f"{address:#x} {path}" if path else f"{address:#x}")


def _buffer(context: MemberContext, pointer: int) -> Text:
    """A buffer of the caller, told apart by whose memory it is."""
    if not pointer or not context.memory.is_user(pointer):
        return Text(None)
    if read_available(context.memory, pointer, 1):
        return Text("user buffer")
    return Text(None, why_unreadable(context.memory, pointer))


def _filled(
    result: Callable[[Buffer, int], Text], information_class: str
) -> Callable[[MemberContext, int], Text]:
    """A buffer of the caller which, once the query has succeeded, holds what was asked for."""

    def text(context: MemberContext, pointer: int) -> Text:
        if not (context.linked and context.status == SUCCESS and pointer):
            return _buffer(context, pointer)
        room = Buffer(context.memory, pointer, context.values.get("Length", 0), context.data_limit)
        found = result(room, context.values.get(information_class, -1))
        return found if found.text or found.problem else _buffer(context, pointer)

    return text


def _security_descriptor(context: MemberContext, pointer: int) -> Text:
    is_output = "SecurityDescriptor" in (context.notify_class.bypass_owes or ())
    return _buffer(context, pointer) if is_output else Text(None)


def _object_name(context: MemberContext, pointer: int) -> Text:
    """OBJECT_NAME_INFORMATION is a UNICODE_STRING (ntifs.h)."""
    if context.status == SUCCESS:
        return read_text(context.memory, pointer)
    return _buffer(context, pointer)


def _value_data(context: MemberContext, pointer: int) -> Text:
    value = context.value
    if value is None or not value.size:
        return Text(None)
    if not pointer:
        return Text(None, f"NULL, with DataSize {value.size:#x}")
    if len(value.data) == min(value.size, context.data_limit):
        return Text(value.text())
    missing = why_unreadable(context.memory, pointer + len(value.data))
    return Text(value.text(), f"cut, the rest: {missing}") if value.data else Text(None, missing)


def _value_entries(context: MemberContext, pointer: int) -> Text:
    """The names in an array of KEY_VALUE_ENTRY."""
    count = context.values.get("EntryCount", 0)
    entry = structure("KEY_VALUE_ENTRY", context.memory.pointer_size)
    shown: list[str] = []
    problem = None
    for address in range(pointer, pointer + min(count, _SHOWN_ENTRIES) * entry.size, entry.size):
        try:
            name = _value_name(context, context.memory.pointer(address))
        except MemoryUnreadable:
            return Text(", ".join(shown) or None, why_unreadable(context.memory, address))
        shown.append("?" if name.text is None else f'"{name.text}"')
        problem = problem or name.problem
    if count > _SHOWN_ENTRIES:
        shown.append(f"and {count - _SHOWN_ENTRIES} more")
    return Text(", ".join(shown) or None, problem)


def _set_information(context: MemberContext, pointer: int) -> Text:
    """The key's new metadata: the write time as a time, all else as bytes."""
    size = context.values.get("KeySetInformationLength", 0)
    if not pointer or not size:
        return Text(None)
    data = read_available(context.memory, pointer, min(size, _SHOWN_BYTES))
    if not data:
        return Text(None, why_unreadable(context.memory, pointer))
    if context.values.get("KeySetInformationClass") == 0 and len(data) == 8:
        return Text(filetime_text(unsigned(data)))
    return Text(data.hex(" "))


def _call_context(context: MemberContext, _: int) -> Text:
    if context.linked:
        return Text("cleared: the post structure has the callback's own")
    return Text(None)


_BY_NAME: dict[str, Callable[[MemberContext, int], Text]] = {
    **dict.fromkeys(KEY_OBJECTS, _key_object),
    "Object": _object,
    "ValueName": _value_name,
    "Type": _plain(value_type_text),
    "Data": _value_data,
    "CreateOptions": _plain(lambda value: flags_text(value, CREATE_OPTIONS)),
    "Options": _plain(lambda value: flags_text(value, CREATE_OPTIONS)),
    "Wow64Flags": _plain(lambda value: flags_text(value, WOW64_FLAGS)),
    "Attributes": _plain(lambda value: flags_text(value, OBJECT_ATTRIBUTES)),
    "Flags": _plain(lambda value: flags_text(value, HIVE_FLAGS)),
    "Format": _plain(lambda value: choice_text(value, SAVE_FORMATS)),
    "GrantedAccess": _output(_plain(lambda value: flags_text(value, ACCESS_RIGHTS))),
    "Disposition": _output(_pointed(lambda value: choice_text(value, DISPOSITIONS))),
    "ResultObject": _output(_result_object),
    "RootHandle": _output(_pointed(hex, size=0)),
    "ResultLength": _output(_pointed(str), partial=True),
    "ReturnLength": _output(_pointed(str), partial=True),
    "RequiredBufferLength": _output(_pointed(str), partial=True),
    "KeyInformation": _filled(key_result, "KeyInformationClass"),
    "KeyValueInformation": _filled(value_result, "KeyValueInformationClass"),
    "ValueBuffer": _buffer,
    "SecurityDescriptor": _security_descriptor,
    "ValueEntries": _value_entries,
    "KeySetInformation": _set_information,
    "CallContext": _call_context,
}

_BY_TYPE: dict[str, Callable[[MemberContext, int], Text]] = {
    "PUNICODE_STRING": _name,
    "POBJECT_NAME_INFORMATION": _object_name,
    "NTSTATUS": _plain(status_text),
    "ACCESS_MASK": _plain(lambda value: flags_text(value, ACCESS_RIGHTS)),
    "KEY_INFORMATION_CLASS": _plain(lambda value: class_text(value, KEY_INFORMATION_CLASSES)),
    "KEY_VALUE_INFORMATION_CLASS": _plain(
        lambda value: class_text(value, KEY_VALUE_INFORMATION_CLASSES)
    ),
    "KEY_SET_INFORMATION_CLASS": _plain(
        lambda value: class_text(value, KEY_SET_INFORMATION_CLASSES)
    ),
    "KPROCESSOR_MODE": _plain(lambda value: class_text(value, PROCESSOR_MODES)),
    "PSECURITY_INFORMATION": _pointed(lambda value: flags_text(value, SECURITY_INFORMATION)),
    "PULONG": _pointed(str),  # lengths that the caller passes in, changed by the operation
}
