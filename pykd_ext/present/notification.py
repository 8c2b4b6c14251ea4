"""One notification: the sentence, and its structure as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tabulate import tabulate

from ..documents.text import address_text, printable
from ..kernel.listing import TargetFacts
from ..kernel.requestor import Requestor
from ..notify.fields import KEY_OBJECTS
from ..notify.notification import Field, KeyReference, Notification
from ..notify.notification_call import NotificationCall
from ..notify.ntstatus import status_text
from ..notify.values import DEFAULT_VALUE, ValueData, hex_dump, value_type_text
from .text import cell, link

__all__ = ["notification_text", "operation_text", "requestor_text"]

_WIDTH = 120  # columns
_DETAIL = 240  # characters of one part of the sentence
_ERROR = 3  # the severity of an NTSTATUS, its two highest bits
_GAP = 2  # columns between two of the table


def notification_text(facts: TargetFacts, notified: NotificationCall, full: bool = False) -> str:
    """The sentence, who was told, the structures' members, then what could not be read.

    At most 120 columns wide, unless ``full``: then with all of the data, and nothing shortened.
    """
    notification = notified.notification
    lines = [*_sentence(notification, facts, full), *_told_to(notified, facts)]
    if notified.requestor:
        lines.append(_asked_by(notified.requestor))
    for each in (notification, notification.pre):
        if each is not None:
            lines += ["", *_structure(each, facts, full)]
    lines += (f"! {printable(each)}" for each in notified.problems)
    return "\n".join(lines)


def _outcome(status: int) -> str:
    """How the operation ended."""
    text = status_text(status)
    return f"failed: {text}" if status >> 30 == _ERROR else text


def operation_text(notification: Notification, facts: TargetFacts) -> str:
    """The sentence alone, on one line or on several."""
    return "\n".join(_sentence(notification, facts, full=False))


def requestor_text(requestor: Requestor | None) -> str:
    """``regedit.exe (process 6716, thread 6720), UserMode``."""
    return "?" if requestor is None else _asked_by(requestor).partition("asked by ")[2]


class _Part(NamedTuple):
    """A part of the sentence, and the command that it runs in WinDbg."""

    text: str
    command: str | None = None


def _sentence(notification: Notification, facts: TargetFacts, full: bool) -> Iterator[str]:
    """On one line where it fits, else a line a part."""
    parts = [
        _Part(notification.notify_class.name, _class_command(notification)),
        *(_key_part(key, facts) for key in notification.keys),
        *_details(notification.pre or notification),
    ]
    if notification.status is not None:
        parts.append(_Part(_outcome(notification.status)))
    if sum(len(part.text) + _GAP for part in parts) - _GAP <= _WIDTH:
        yield (" " * _GAP).join(link(part.text, part.command) for part in parts)
        return
    first, *rest = parts
    yield link(first.text, first.command)
    room = _WIDTH - _GAP
    for part in rest:
        text = part.text if full else cell(part.text, _DETAIL)
        for start in range(0, len(text), room):
            yield " " * _GAP + link(text[start : start + room], part.command)


def _class_command(notification: Notification) -> str | None:
    about = notification.notify_class
    return f"regcb classes {about.number}" if about.is_known else None


def _key_part(key: KeyReference, facts: TargetFacts) -> _Part:
    command = f"regcb key {key.root:#x}" if key.root else None
    if key.path is not None:
        return _Part(printable(key.path), command)
    root = f"key object {address_text(key.root, facts.architecture)}" if key.root else "?"
    name = "\\?" if key.name is None else f"\\{printable(key.name)}" if key.name else ""
    return _Part(f"({root}){name}", command)


# What a person wants to know of an operation, in this order: members, and how they read.
_DETAILS = (
    ("ValueName", "value {}"),
    ("ValueEntries", "values {}"),
    ("NewName", "to {}"),
    ("Index", "index {}"),
    ("KeyInformationClass", "{}"),
    ("KeyValueInformationClass", "{}"),
    ("KeySetInformationClass", "{}"),
    ("KeySetInformation", "= {}"),
    ("DesiredAccess", "for {}"),
    ("SourceFile", "from {}"),
    ("OldFileName", "old file {}"),
    ("NewFileName", "new file {}"),
    ("SecurityInformation", "{}"),
)
_QUOTED = {"ValueName", "NewName", "SourceFile", "OldFileName", "NewFileName"}


def _details(notification: Notification) -> Iterator[_Part]:
    for name, form in _DETAILS:
        field = notification.field(name)
        if field is None or field.value is None:
            continue
        text = str(field.value) if name == "Index" else field.text
        if text is not None:
            quoted = name in _QUOTED and text != DEFAULT_VALUE
            shown = form.format(f"'{printable(text)}'" if quoted else printable(text))
            yield _Part(shown + _assigned(notification) if name == "ValueName" else shown)


def _assigned(notification: Notification) -> str:
    return f" = {_value_text(notification.value)}" if notification.value else ""


def _value_text(value: ValueData) -> str:
    name = value_type_text(value.type)
    if not value.size:
        return f"{name}, no data"
    return f"{name} {printable(value.text())}" if value.data else f"{name}, {value.size} bytes"


def _told_to(notified: NotificationCall, facts: TargetFacts) -> Iterator[str]:
    callback, extended = notified.callback, notified.notification.extended
    if callback is not None:
        address = address_text(callback.function, facts.architecture)
        name = printable(notified.function_symbol, address)
        command = f"regcb show {callback.address:#x}"
        altitude = f", altitude {printable(callback.altitude)}" if callback.altitude else ""
        yield f"told to {link(name, command)}{altitude}"
    if extended is not None:
        address = address_text(extended, facts.architecture)
        yield (
            f"by the extended argument of an internal callback at {address}, "
            "whose first pointer leads to the structure"
        )


# KTHREAD.PreviousMode: KernelMode, UserMode.
_FROM: dict[int | None, str] = {0: " in kernel mode", 1: " from user mode"}


def _asked_by(requestor: Requestor) -> str:
    """``asked by regedit.exe (process 6716, thread 6720) from user mode``."""
    process = "?" if requestor.process_id is None else str(requestor.process_id)
    thread = "?" if requestor.thread_id is None else str(requestor.thread_id)
    thread = link(f"thread {thread}", f"!thread {requestor.thread:#x}")
    if requestor.process:
        process = link(f"process {process}", f"!process {requestor.process:#x} 0")
    else:
        process = f"process {process}"
    name = printable(requestor.process_name)
    return f"asked by {name} ({process}, {thread}){_FROM.get(requestor.previous_mode, '')}"


def _structure(notification: Notification, facts: TargetFacts, full: bool) -> Iterator[str]:
    address = address_text(notification.address, facts.architecture)
    linked = link(address, f"dps {notification.address:#x}")
    if notification.structure is None:
        yield f"unknown structure at {linked}, its first {len(notification.raw)} bytes"
        yield from hex_dump(notification.raw)
        return
    yield f"{notification.structure} at {linked}"
    rows = [_row(each, facts.architecture) for each in notification.fields]
    titles = ["Offset", "Member", "Type", "Value", "Meaning"]
    if not full:
        rows = _narrow(titles, rows)
    commands = [_commands(each, notification) for each in notification.fields]
    linked_rows = [
        [*row[:-2], link(row[-2], at_value), link(row[-1], at_meaning)]
        for row, (at_value, at_meaning) in zip(rows, commands)
    ]
    yield tabulate(linked_rows, titles, tablefmt="simple", disable_numparse=True)
    value = notification.value
    if full and value is not None and value.data:
        yield f"the {'first ' if value.is_cut else ''}{len(value.data)} bytes of Data"
        yield from hex_dump(value.data)


def _row(field: Field, architecture: str) -> list[str]:
    return [
        f"+{field.offset:#04x}",
        field.name,
        field.type,
        _number(field, architecture),
        printable(field.text or field.problem, ""),
    ]


def _narrow(titles: list[str], rows: list[list[str]]) -> list[list[str]]:
    """Without the types, and with the last column cut to what is left of the width."""
    del titles[2]
    kept = [row[:2] + row[3:] for row in rows]
    widths = [  # tabulate gives a title two columns more than it needs
        max([len(title) + _GAP, *(len(row[column]) for row in kept)]) + _GAP
        for column, title in enumerate(titles[:-1])
    ]
    return [[*row[:-1], cell(row[-1], _WIDTH - sum(widths))] for row in kept]


def _number(field: Field, architecture: str) -> str:
    if field.value is None:
        return "?"
    if _is_pointer(field):
        return address_text(field.value, architecture)
    return f"{field.value:#x}"


def _is_pointer(field: Field) -> bool:
    return field.type.startswith("P")


# What shows a pointer's target in WinDbg, by the member's name, else by its type.
_COMMANDS = {
    **dict.fromkeys(KEY_OBJECTS, "!reg kbody {:#x}"),
    "SecurityDescriptor": "!sd {:#x}",
    "Transaction": "!object {:#x}",
    "UserEvent": "!object {:#x}",
    "ObjectType": "!object {:#x}",
    "FileAccessToken": "!token {:#x}",
    "PUNICODE_STRING": "dt nt!_UNICODE_STRING {:#x}",
    "POBJECT_NAME_INFORMATION": "dt nt!_UNICODE_STRING {:#x}",
    "PULONG": "dd {:#x} L1",
    "PSECURITY_INFORMATION": "dd {:#x} L1",
    "PHANDLE": "dps {:#x} L1",
    "PVOID *": "dps {:#x} L1",
}


def _commands(field: Field, notification: Notification) -> tuple[str | None, str | None]:
    """For the member's value, and for what it means."""
    if not field.value or not _is_pointer(field):
        return None, None
    pair = notification.notify_class.pair
    if field.name == "PreInformation" and pair is not None:
        return f"regcb decode {pair.number} {field.value:#x}", None
    form = _COMMANDS.get(field.name) or _COMMANDS.get(field.type, "db {:#x}")
    is_key = field.name in KEY_OBJECTS and bool(field.text)
    return form.format(field.value), f"regcb key {field.value:#x}" if is_key else None
