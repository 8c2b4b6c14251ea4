"""Returns find their calls: threads that take turns, calls in calls, calls that never come back."""

from __future__ import annotations

from typing import Any, cast

from pykd_ext.live.calls import FunctionCall
from pykd_ext.live.pending_calls import PendingCalls

TOP = 0xFFFFF80312345000
ONE, OTHER = 0xFFFF8A0000001080, 0xFFFF8A0000002080  # KTHREADs


class Stopped:
    """Where a target is stopped: what a call is told by."""

    architecture = "x64"

    def __init__(self) -> None:
        self.thread, self.stack = ONE, TOP

    def current_thread(self) -> int:
        return self.thread

    def register(self, name: str) -> int:
        assert name == "rsp"
        return self.stack


class Calls:
    """Calls by name: enter and leave at a place, in a thread."""

    def __init__(self) -> None:
        self._where = where = Stopped()
        self.pending: PendingCalls[str] = PendingCalls(cast("Any", where))

    def enter(self, name: str, stack: int, thread: int = ONE) -> None:
        self._where.thread = thread
        self.pending.enter(FunctionCall(0, stack, ()), name)

    def leave(self, stack: int, thread: int = ONE, popped: int = 0) -> str | None:
        self._where.thread, self._where.stack = thread, stack
        call = self.pending.leave(popped)
        return call.about if call else None


def test_threads_at_the_same_depth() -> None:
    calls = Calls()
    calls.enter("a", TOP, ONE)
    calls.enter("b", TOP, OTHER)
    assert calls.leave(TOP, ONE) == "a"
    assert calls.leave(TOP, ONE) is None
    assert calls.leave(TOP, OTHER) == "b"
    assert list(calls.pending) == []


def test_a_call_in_a_call() -> None:
    calls = Calls()
    calls.enter("outer", TOP)
    calls.enter("inner", TOP - 0x100)
    assert calls.pending.is_inside(FunctionCall(0, TOP - 0x200, ()))
    assert not calls.pending.is_inside(FunctionCall(0, TOP, ()))
    assert [calls.leave(TOP - 0x100), calls.leave(TOP)] == ["inner", "outer"]


def test_what_never_came_back_is_forgotten() -> None:
    """It would be taken for a later call with the same stack pointer, and be kept for ever."""
    calls = Calls()
    calls.enter("lost", TOP - 0x100)
    calls.enter("next", TOP)
    assert [each.about for each in calls.pending] == ["next"]
    calls.enter("again", TOP)
    assert calls.leave(TOP) == "again"
    assert calls.leave(TOP) is None


def test_a_stop_before_the_return_instruction() -> None:
    calls = Calls()
    calls.enter("a", TOP)
    assert calls.leave(TOP - 8, popped=8) == "a"
