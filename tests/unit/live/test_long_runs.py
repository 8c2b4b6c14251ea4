"""What is kept of 100,000 operations whose threads end and come again, and who they belong to."""

from __future__ import annotations

from typing import Any

import pytest

import pykd_ext
from pykd_ext.live import trace
from pykd_ext.live.calls import FunctionCall
from pykd_ext.live.filters import Filters
from pykd_ext.live.operations import Operations, Returned
from pykd_ext.live.pending_calls import PendingCalls
from pykd_ext.live.returns import place
from pykd_ext.live.thread_lives import create_time, is_gone, stack_limits
from pykd_ext.live.trace import Tracer
from pykd_ext.live.traced import Operation
from tests.support.lab_target import LabTarget, WithoutSymbols
from tests.support.long_run import THREAD_SIZE, Replay, recorded, script

pytestmark = pytest.mark.toolchain

DENIED = 0xC0000022
PRE_SET, PRE_CREATE, POST_CREATE = 1, 26, 27
KEY = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"


def test_the_machine_tells_of_every_verdict() -> None:
    assert [len(each) for each in recorded()] == [8, 8, 8, 7, 7]


def test_100_000_operations_keep_what_4_000_do() -> None:
    replay = Replay()
    replay.run(0, 4_000)
    before = replay.kept()
    replay.run(4_000, 100_000)
    assert replay.kept() <= 1.01 * before
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
        calls.enter(FunctionCall(0, 0x1000, ()), None)
    assert [each.thread // THREAD_SIZE for each in calls] == list(range(98_976, 100_000))


def followed(
    target: Any, on_refusal: Any = None, each: bool = False, **filters: Any
) -> list[Operation]:
    """Every operation that a trace reports, as long as the machine has work."""
    found: list[Operation] = []

    def report(traced: Operation) -> bool:
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
    assert all("its end was not seen" in each.notified.problems[-1] for each in found)


def test_in_which_callbacks_a_refused_operation_was_asked_for() -> None:
    """Of one whose end callbacks above hear of that is read there; what they ask for then counts
    for nothing."""
    from tests.lab.kd.script import Act, Actor, Operation

    create, query = (Operation(kind, KEY, "Volume") for kind in ("create", "query-value"))
    actors = (
        Actor("200020", (Act("perform", PRE_SET, operations=(create,)),)),
        Actor("200010", (Act("perform", POST_CREATE, operations=(query,)),)),
        Actor("200000", (Act("return", PRE_CREATE, status=DENIED),)),
    )
    nested = script("nested")._replace(actors=actors)
    (found,) = followed(LabTarget(nested), only_blocked=True)
    assert (found.result, found.is_over, found.notified.problems) == (DENIED, True, ())
    assert [each and each.block.altitude for each in found.around] == ["200020"]


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "x86-6002"])
def test_what_the_first_callback_refuses_is_told_once(profile: str) -> None:
    """Though the code comes to the end then, too: so does that of a real 7 SP1."""
    from tests.lab.kd.script import Script

    (work,) = script("default").work
    alone = Script((work._replace(rounds=2),), ("regprotect.sys",))
    found = followed(LabTarget(alone, profile))
    assert [len(found), found[4].result, found[9].result] == [10, DENIED, DENIED]
    assert [bool(each.blocked_by) for each in found] == [bool(each.result) for each in found]


def test_who_is_asked_first_once_another_one_has_gone() -> None:
    """Nobody hears of the end then, and that of the next operation is its own."""
    from tests.lab.kd.script import Actor, Operation, Script

    (work,) = script("default").work
    _, write, *_, refused = work.operations
    operations = (write, Operation("unregister-callback", actor=0), refused, write)
    gone = Script(
        (work._replace(operations=operations, rounds=1),),
        ("regprotect.sys", "stage.sys"),
        (Actor("200000"),),
    )
    target = LabTarget(gone, "x86-7601")
    assert [each.result for each in followed(target)] == [0, DENIED, 0]


def test_the_first_call_is_followed_where_it_does_not_show_where_it_is_made() -> None:
    """The target is stopped at it, and what is refused there may be the one thing asked for."""
    from tests.lab.kd.script import Script

    (work,) = script("default").work
    once = work._replace(operations=work.operations[-1:], rounds=1)
    target: Any = WithoutSymbols(Script((once,), ("regprotect.sys",)), "x86-19041")
    told: list[Operation] = []
    trace_of = pykd_ext.trace(target, only_blocked=True)

    def report(operation: Operation) -> bool:
        told.append(operation)
        return False

    trace_of.run(report)
    assert "was not found" in trace_of.problems[0]
    assert [each.result for each in told] == [DENIED]


def test_what_a_thread_leaves_open_when_it_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as that is noticed, and not when the trace ends."""
    target: Any = LabTarget(script("dying", rounds=3))
    thread, other = (each.ethread for each in target.lab.machine.processors[0].ready)
    born = create_time(target, thread)
    assert born
    assert not is_gone(target, thread, born)
    assert is_gone(target, thread, born + 1)
    monkeypatch.setattr(trace, "_SWEEP_EVERY", -1.0)
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
