"""``regcb.notification/1``: what a callback was told."""

from collections.abc import Sequence
from typing import Optional, TypedDict

from ..kernel.callback_block import CallbackBlock
from ..kernel.listing import TargetFacts
from ..kernel.requestor import Requestor
from ..notify.classes import NotifyClass
from ..notify.notification import Field, Notification
from ..notify.notification_call import NotificationCall
from ..notify.ntstatus import status_name
from ..notify.values import ValueData, value_type_text
from ..notify.words import PROCESSOR_MODES, class_text
from .target import FactsDocument, facts_document
from .text import hexadecimal

__all__ = [
    "KeyReferenceDocument", "NotificationDocument", "NotifyClassDocument", "ProcessDocument",
    "StatusDocument", "ThreadDocument", "ValueDocument", "class_document", "key_documents",
    "notification_document", "process_document", "status_document", "thread_document",
    "value_document",
]  # fmt: skip


class NotifyClassDocument(TypedDict):
    """A REG_NOTIFY_CLASS, by its number and its name."""

    number: int
    name: str
    pre_post: str


class StatusDocument(TypedDict):
    """An NTSTATUS, ``0xc0000022``; its name is None where Microsoft has published none."""

    value: str
    name: Optional[str]


class MemberDocument(TypedDict):
    """One member of the structure: its raw value, and in words what that is or leads to."""

    name: str
    offset: int
    type: str
    value: Optional[str]
    text: Optional[str]


class KeyReferenceDocument(TypedDict):
    """A key that the notification is about: ``name`` below the key object ``root``."""

    member: str
    root: Optional[str]
    name: Optional[str]
    path: Optional[str]


class ValueDocument(TypedDict):
    """A value's type, its size in bytes, and as much of its data as was read, in hex."""

    type: int
    type_name: str
    size: int
    data: str
    text: Optional[str]


class ProcessDocument(TypedDict):
    """The process that asks."""

    id: Optional[int]
    name: Optional[str]
    address: Optional[str]


class ThreadDocument(TypedDict):
    """The thread that asks."""

    id: Optional[int]
    address: str
    create_time: Optional[str]
    previous_mode: Optional[str]


class ToldDocument(TypedDict):
    """The callback that was told."""

    address: str
    altitude: Optional[str]
    function: Optional[str]
    function_symbol: Optional[str]
    internal: bool


_Class = TypedDict("_Class", {"class": NotifyClassDocument})


class _Notification(_Class):
    """The structure itself; ``raw`` is what is there instead of an unknown one."""

    structure: Optional[str]
    address: str
    fields: list[MemberDocument]
    raw: Optional[str]
    keys: list[KeyReferenceDocument]
    value: Optional[ValueDocument]
    status: Optional[StatusDocument]
    pre: Optional["_Notification"]


class NotificationDocument(_Notification):
    """The notification, who was told and who asked."""

    schema: str
    target: FactsDocument
    extended_argument: Optional[str]
    callback: Optional[ToldDocument]
    process: Optional[ProcessDocument]
    thread: Optional[ThreadDocument]
    problems: list[str]


def notification_document(facts: TargetFacts, notified: NotificationCall) -> NotificationDocument:
    """What ``decode --json`` prints."""
    notification, callback = notified.notification, notified.callback
    return {
        "schema": "regcb.notification/1",
        "target": facts_document(facts),
        **_notification(notification),
        "extended_argument": hexadecimal(notification.extended),
        "callback": _told(callback, notified) if callback else None,
        "process": process_document(notified.requestor) if notified.requestor else None,
        "thread": thread_document(notified.requestor) if notified.requestor else None,
        "problems": list(notified.problems),
    }


def _notification(notification: Notification) -> _Notification:
    return {
        "class": class_document(notification.notify_class),
        "structure": notification.structure,
        "address": hexadecimal(notification.address),
        "fields": _members(notification.fields),
        "raw": notification.raw.hex() if notification.structure is None else None,
        "keys": key_documents(notification),
        "value": value_document(notification.value) if notification.value else None,
        "status": None if notification.status is None else status_document(notification.status),
        "pre": _notification(notification.pre) if notification.pre else None,
    }


def class_document(about: NotifyClass) -> NotifyClassDocument:
    """A notify class, in short."""
    return {"number": about.number, "name": about.name, "pre_post": about.phase}


def _members(fields: Sequence[Field]) -> list[MemberDocument]:
    return [
        {
            "name": each.name,
            "offset": each.offset,
            "type": each.type,
            "value": hexadecimal(each.value),
            "text": each.text,
        }
        for each in fields
    ]


def key_documents(notification: Notification) -> list[KeyReferenceDocument]:
    """The keys that the notification is about."""
    return [
        {
            "member": each.member,
            "root": hexadecimal(each.root) if each.root else None,
            "name": each.name,
            "path": each.path,
        }
        for each in notification.keys
    ]


def value_document(value: ValueData) -> ValueDocument:
    """The data of a value."""
    return {
        "type": value.type,
        "type_name": value_type_text(value.type),
        "size": value.size,
        "data": value.data.hex(),
        "text": value.text() if value.data else None,
    }


def status_document(status: int) -> StatusDocument:
    """``{"value": "0xc0000022", "name": "STATUS_ACCESS_DENIED"}``."""
    return {"value": f"{status & 0xFFFF_FFFF:#010x}", "name": status_name(status)}


def _told(callback: CallbackBlock, notified: NotificationCall) -> ToldDocument:
    return {
        "address": hexadecimal(callback.address),
        "altitude": callback.altitude,
        "function": hexadecimal(callback.function),
        "function_symbol": notified.function_symbol,
        "internal": callback.internal,
    }


def process_document(requestor: Requestor) -> ProcessDocument:
    """A requestor's process."""
    return {
        "id": requestor.process_id,
        "name": requestor.process_name,
        "address": hexadecimal(requestor.process),
    }


def thread_document(requestor: Requestor) -> ThreadDocument:
    """A requestor's thread."""
    mode = requestor.previous_mode
    return {
        "id": requestor.thread_id,
        "address": hexadecimal(requestor.thread),
        "create_time": hexadecimal(requestor.create_time),
        "previous_mode": None if mode is None else class_text(mode, PROCESSOR_MODES),
    }
