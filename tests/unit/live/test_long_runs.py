"""What is kept of 100,000 operations whose threads end and come again, and who they belong to."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from pykd_ext.live import trace
from pykd_ext.live.calls import Entered
from pykd_ext.live.operations import Operations, Returned
from pykd_ext.live.pending_calls import PendingCalls
from pykd_ext.live.policy import PRE_CLASSES
from pykd_ext.live.returns import follow_returns, place
from pykd_ext.live.thread_lives import create_time, is_gone, stack_limits
from pykd_ext.live.trace import Filters, Traced, Tracer

from .lab_target import LabTarget

if TYPE_CHECKING:
    from tests.lab.kd.script import Script

pytestmark = pytest.mark.toolchain

DENIED = 0xC0000022
THREAD_SIZE = 0x480


def script(name: str, rounds: int = 1) -> Script:
    from tests.lab.kd.scripts import SCRIPTS

    found = SCRIPTS[name]
    return found._replace(work=tuple(each._replace(rounds=rounds) for each in found.work))


@lru_cache(maxsize=1)
def recorded() -> tuple[tuple[Returned, ...], ...]:
    """What one thread's five operations are heard of, an operation each."""
    target: Any = LabTarget(script("default"))
    events: list[Returned] = []

    def noted(event: Returned) -> bool:
        events.append(event)
        return False

    with follow_returns(target, place(target), PRE_CLASSES, noted):
        target.go(None)
    starts = [at for at, event in enumerate(events) if event.post is None and _is_first(events, at)]
    ends = [*starts[1:], len(events)]
    return tuple(tuple(events[start:end]) for start, end in zip(starts, ends))


def _is_first(events: list[Returned], at: int) -> bool:
    """Whether the callback that is asked first is asked there."""
    return events[at].block == events[0].block


def test_the_machine_tells_of_every_verdict() -> None:
    assert [len(each) for each in recorded()] == [8, 8, 8, 7, 7]


class Replay:
    """Operations of ever new threads, each third of which dies in its first callback."""

    def __init__(self) -> None:
        self.operations: Operations[None] = Operations()
        self.over = self.lost = self.asked = 0

    def run(self, first: int, last: int) -> None:
        for number in range(first, last):
            events = recorded()[number % 5]
            for event in events[:1] if number % 3 == 0 else events:
                self._hear(event._replace(thread=event.thread + number * THREAD_SIZE))

    def _hear(self, event: Returned) -> None:
        operation, gone = self.operations.of(event)
        self.lost += len(gone)
        operation.add(event)
        if operation.is_over:
            self.operations.end(operation)
            self.over += 1


def test_100_000_operations_keep_what_4_000_do() -> None:
    replay = Replay()
    replay.run(0, 4_000)
    before = len(pickle.dumps(replay.operations._open))
    replay.run(4_000, 100_000)
    assert len(pickle.dumps(replay.operations._open)) <= 1.01 * before
    rest = replay.operations.rest()
    assert len(rest) == 1024
    assert replay.over + replay.lost + len(rest) == 100_000  # each of them is told


def test_calls_of_threads_that_end_in_them() -> None:
    class Stopped:
        thread = 0

        def current_thread(self) -> int:
            return self.thread

    target: Any = Stopped()
    calls: PendingCalls[None] = PendingCalls(target)
    for number in range(100_000):
        target.thread = number * THREAD_SIZE
        calls.enter(Entered(0, 0x1000, ()), None)
    assert [each.thread // THREAD_SIZE for each in calls] == list(range(98_976, 100_000))


def followed(
    target: Any, on_refusal: Any = None, each: bool = False, **filters: Any
) -> list[Traced]:
    """Every operation that a trace reports, as long as the machine has work."""
    found: list[Traced] = []

    def report(traced: Traced) -> bool:
        found.append(traced)
        return False

    tracer = Tracer(target, Filters(**filters), report, each=each)
    if on_refusal:
        refused = tracer.refused
        tracer.refused = lambda event: refused(event) or on_refusal(event)  # type: ignore[method-assign]
    tracer.run(place(target), None)
    return found


def test_a_thread_that_comes_in_anothers_place_does_not_end_its_operation() -> None:
    """The other's refusal is told without an end, and nothing is made up for the new one."""
    target = LabTarget(script("default"))
    assert [each.result for each in followed(target, only_blocked=True)] == [DENIED] * 2

    target = LabTarget(script("default"))
    created = target.field_offset("_ETHREAD", "CreateTime")

    def is_replaced(event: Returned) -> bool:
        now = create_time(target, event.thread)  # type: ignore[arg-type]
        assert now
        target.lab.machine.memory.write_unsigned(event.thread + created, 8, now + 1)
        return False

    found = followed(target, is_replaced, only_blocked=True)
    assert [(each.result, each.is_over) for each in found] == [(None, False)] * 2


def test_what_a_thread_leaves_open_when_it_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as that is noticed, and not when the trace ends."""
    target: Any = LabTarget(script("dying", rounds=3))
    thread, other = (each.ethread for each in target.lab.machine.processors[0].ready)
    born = create_time(target, thread)
    assert born
    assert not is_gone(target, thread, born)
    assert is_gone(target, thread, born + 1)
    monkeypatch.setattr(trace, "_LASTS", -1.0)
    found = followed(target, each=True)
    assert is_gone(target, thread, born)
    told = [(each.requestor and each.requestor.thread, each.is_over) for each in found]
    assert told == [(thread, False), (other, True), (other, True), (other, True)]


def test_the_stack_of_a_thread() -> None:
    target: Any = LabTarget(script("default"))
    (thread,) = (each.ethread for each in target.lab.machine.processors[0].ready)
    low, high = stack_limits(target, thread) or (0, 0)
    assert high - low == 0x6000


def test_frames_on_the_stack_before_it_was_expanded_stay() -> None:
    """KeExpandKernelStackAndCallout: the operation around goes on when the thread is back."""
    outer = recorded()[1]
    frame, stack = outer[0].information, outer[0].stack
    far = 0x10_0000
    limits = (stack + far - 0x4000, stack + far + 0x2000)
    operations: Operations[None] = Operations(limits=lambda _: limits)
    around, _ = operations.of(outer[0])
    around.add(outer[0])
    inner = outer[0]._replace(stack=stack + far, information=frame + far)
    assert operations.of(inner)[1] == []
    limits = (stack - 0x4000, stack + 0x2000)
    found, _ = operations.of(outer[1])
    assert found is around


def test_a_frame_below_the_stack_pointer_is_gone() -> None:
    event = recorded()[1][0]
    limits = (event.stack - 0x4000, event.stack + 0x4000)
    operations: Operations[None] = Operations(limits=lambda _: limits)
    left, _ = operations.of(event)
    later = event._replace(stack=event.information + 0x100, information=event.information + 0x200)
    assert operations.of(later)[1] == [left]
