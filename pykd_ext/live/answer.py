"""Who it was, from the operations on a key as they come: pure logic.

A callback that refuses, or takes the operation over, answers the question at once; so does a value
that somebody else changes after it was written. What the kernel itself refuses is counted.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from ..notify.classes import NotifyClass
from .operations import is_failure
from .traced import Operation

__all__ = ["Answer", "AnswerSearch", "Blocked", "Changed", "KernelRefused", "TakenOver", "asked"]

_CHANGES_OF_VALUES = (NotifyClass.RegNtPreDeleteValueKey, NotifyClass.RegNtPreSetValueKey)
_BUFFER_TOO_SMALL = 0xC0000023  # STATUS_: an answer to every first question for a size
_ERROR = 3  # NTSTATUS, its two upper bits; a warning (STATUS_BUFFER_OVERFLOW) is no refusal
_ENOUGH = 3  # refusals of the kernel's own
_MOST_VALUES = 10_000


class Blocked(NamedTuple):
    """A callback has refused the operation."""

    traced: Operation


class TakenOver(NamedTuple):
    """A callback has done it in the kernel's place (STATUS_CALLBACK_BYPASS)."""

    traced: Operation


class KernelRefused(NamedTuple):
    """No callback has; the kernel itself has refused each of these."""

    traced: tuple[Operation, ...]


class Changed(NamedTuple):
    """A value was ``written``, and then ``changed``: by another process, or in a callback.

    With ``is_during`` the callback was asked while it was written, before or after that.
    """

    written: Operation
    changed: Operation
    is_during: bool


def asked(answer: Answer) -> Operation:
    """The operation that the answer is about; of several, the first."""
    if isinstance(answer, Changed):
        return answer.changed
    return answer.traced[0] if isinstance(answer, KernelRefused) else answer.traced


Answer = Union[Blocked, TakenOver, KernelRefused, Changed]
_Value = tuple[str, str]  # key and name, upper-cased


class AnswerSearch:
    """``answer`` is what is known so far, None for nothing."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self._writes: dict[_Value, Operation] = {}

    def add(self, traced: Operation) -> bool:
        """Takes one more operation on the key; whether that is enough."""
        if traced.blocked_by:
            self.answer = Blocked(traced)
            return True
        if traced.bypassed_by:
            self.answer = TakenOver(traced)
            return True
        if traced.result is None:
            return False
        if is_failure(traced.result):
            return self._refused(traced, traced.result)
        return self._written(traced)

    def _refused(self, traced: Operation, status: int) -> bool:
        if status >> 30 != _ERROR or status == _BUFFER_TOO_SMALL:
            return False
        before = self.answer.traced if isinstance(self.answer, KernelRefused) else ()
        self.answer = KernelRefused((*before, traced))
        return len(self.answer.traced) >= _ENOUGH

    def _written(self, traced: Operation) -> bool:
        value = _value(traced)
        if value is None:
            return False
        before = self._writes.get(value)
        if before is None and len(self._writes) >= _MOST_VALUES:
            self._writes.clear()
        self._writes[value] = traced
        if before is None or _data(before) == _data(traced):
            return False
        if traced.around or _process(before) != _process(traced):
            self.answer = Changed(before, traced, is_during=False)
        elif before.around and _thread(before) == _thread(traced):
            self.answer = Changed(traced, before, is_during=True)  # it ends after what it contains
        else:
            return False
        return True


def _value(traced: Operation) -> _Value | None:
    """Which value it sets or deletes."""
    notification = traced.notified.notification
    if notification.notify_class not in _CHANGES_OF_VALUES:
        return None
    path = notification.keys[0].path if notification.keys else None
    if path is None or notification.value_name is None:
        return None
    return path.upper(), notification.value_name.upper()


def _data(traced: Operation) -> tuple[int, int, bytes] | None:
    """What the value is then; None when it is gone."""
    value = traced.notified.notification.value
    return (value.type, value.size, value.data) if value else None


def _process(traced: Operation) -> int | None:
    return traced.requestor.process_id if traced.requestor else None


def _thread(traced: Operation) -> int | None:
    return traced.requestor.thread if traced.requestor else None
