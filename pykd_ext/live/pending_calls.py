"""Which call a return belongs to, while threads are in each other's way and some never return.

A call comes back in its own thread, with the stack pointer that it will have then: no two calls of
a thread that are both under way have the same one. A call that has not come back when the thread
makes another one from as high a place on its stack never will: an exception took it off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ..target.architecture import ARCHITECTURES
from .calls import FunctionCall

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["PendingCall", "PendingCalls"]

_MOST_THREADS = 1024  # in calls: more have ended in theirs

_About = TypeVar("_About")


@dataclass(frozen=True)
class PendingCall(Generic[_About]):
    """A call of the thread (a KTHREAD) that is not back; ``about`` is the caller's own."""

    thread: int
    entry: FunctionCall
    about: _About


class PendingCalls(Generic[_About]):
    """Calls that are not back yet, of all threads of a target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._calls: dict[int, list[PendingCall[_About]]] = {}

    def __iter__(self) -> Iterator[PendingCall[_About]]:
        for calls in self._calls.values():
            yield from calls

    def is_inside(self, entry: FunctionCall) -> bool:
        """Whether the thread that the target is stopped in makes the call ``entry`` from within
        another one."""
        calls = self._calls.get(self._target.current_thread(), [])
        return any(each.entry.stack > entry.stack for each in calls)

    def enter(self, entry: FunctionCall, about: _About) -> None:
        """Notes the call that the target is stopped at the start of."""
        thread = self._target.current_thread()
        calls = self._calls.pop(thread, [])
        under_way = [each for each in calls if each.entry.stack > entry.stack]
        self._calls[thread] = [*under_way, PendingCall(thread, entry, about)]
        if len(self._calls) > _MOST_THREADS:
            del self._calls[next(iter(self._calls))]  # the one that was heard of least lately

    def leave(self, popped: int = 0) -> PendingCall[_About] | None:
        """The call that the target is stopped behind, which is forgotten; None where that is one
        that was not noted.

        ``popped``: bytes that its return instruction is still to take off the stack, where the
        target is stopped at that.
        """
        target = self._target
        thread = target.current_thread()
        stack = target.register(ARCHITECTURES[target.architecture].stack_pointer) + popped
        calls = self._calls.get(thread, [])
        call = next((each for each in calls if each.entry.stack == stack), None)
        if call is not None:
            calls.remove(call)
            if not calls:
                del self._calls[thread]
        return call
