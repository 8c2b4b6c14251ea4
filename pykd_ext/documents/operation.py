"""``regcb.operation/1``: one registry operation as its callbacks saw it."""

from typing import Optional, TypedDict

from ..kernel.listing import RegistryCallback
from ..live.traced import CallbackVerdict, Operation
from .notification import (
    KeyReferenceDocument,
    NotifyClassDocument,
    ProcessDocument,
    StatusDocument,
    ThreadDocument,
    ValueDocument,
    class_document,
    key_documents,
    process_document,
    status_document,
    thread_document,
    value_document,
)
from .text import hexadecimal, time_text

__all__ = ["OperationDocument", "operation_document"]


class _Judge(TypedDict):
    altitude: Optional[str]
    owner: Optional[str]
    function_symbol: Optional[str]


class JudgeDocument(_Judge):
    """A callback, in short; nothing but None of one that is on no list."""

    address: Optional[str]


class VerdictDocument(_Judge):
    """What a callback answered; ``return_status`` is the result that a post notification leaves."""

    address: str
    phase: str
    status: StatusDocument
    verdict: str
    return_status: Optional[StatusDocument]


_Class = TypedDict("_Class", {"class": NotifyClassDocument})


class OperationDocument(_Class):
    """One operation, to its end; ``time`` with milliseconds."""

    schema: str
    time: str
    process: Optional[ProcessDocument]
    thread: Optional[ThreadDocument]
    keys: list[KeyReferenceDocument]
    value_name: Optional[str]
    value: Optional[ValueDocument]
    inside: list[JudgeDocument]
    verdicts: list[VerdictDocument]
    result: Optional[StatusDocument]
    is_over: bool
    every_verdict: bool
    blocked_by: Optional[JudgeDocument]
    bypassed_by: Optional[JudgeDocument]
    turned_by: Optional[JudgeDocument]
    stack: list[str]
    problems: list[str]


def operation_document(traced: Operation) -> OperationDocument:
    """A line of ``trace --jsonl``."""
    notification, requestor = traced.notified.notification, traced.requestor
    seconds = time_text(int(traced.time)) or ""
    return {
        "schema": "regcb.operation/1",
        "time": f"{seconds[:-1]}.{int(traced.time % 1 * 1000):03d}Z",
        "process": process_document(requestor) if requestor else None,
        "thread": thread_document(requestor) if requestor else None,
        "class": class_document(notification.notify_class),
        "keys": key_documents(notification),
        "value_name": notification.value_name,
        "value": value_document(notification.value) if notification.value else None,
        "inside": [_judge(each) for each in traced.around],
        "verdicts": [_verdict(each) for each in traced.verdicts],
        "result": None if traced.result is None else status_document(traced.result),
        "is_over": traced.is_over,
        "every_verdict": traced.has_every_verdict,
        "blocked_by": _judge(traced.blocked_by.callback) if traced.blocked_by else None,
        "bypassed_by": _judge(traced.bypassed_by.callback) if traced.bypassed_by else None,
        "turned_by": _judge(traced.turned_by.callback) if traced.turned_by else None,
        "stack": [each.text for each in traced.stack],
        "problems": list(traced.notified.problems),
    }


def _judge(entry: Optional[RegistryCallback]) -> JudgeDocument:
    address = hexadecimal(entry.block.address) if entry else None
    return {"address": address, **_names(entry)}


def _names(entry: Optional[RegistryCallback]) -> _Judge:
    return {
        "altitude": entry.block.altitude if entry else None,
        "owner": entry.owner.name if entry else None,
        "function_symbol": entry.function_symbol if entry else None,
    }


def _verdict(judged: CallbackVerdict) -> VerdictDocument:
    verdict = judged.verdict
    left = verdict.return_status
    return {
        "address": hexadecimal(verdict.block),
        **_names(judged.callback),
        "phase": verdict.phase,
        "status": status_document(verdict.status),
        "verdict": verdict.verdict,
        "return_status": None if left is None else status_document(left),
    }
