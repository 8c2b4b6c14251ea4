"""Single returns of callbacks become operations: order, ends, results, and frames that are gone."""

from __future__ import annotations

from typing import Any

import pytest

from pykd_ext.live.operations import OpenOperation, Operations, PostStatus, Returned

DENIED, BYPASS, NOT_FOUND = 0xC0000022, 0xC0000503, 0xC0000034
TOP, HIGH, LOW = 0x80, 0x100, 0x200  # callbacks
FRAME = 0x8000  # where the information is
THREAD, OTHER_THREAD = 1, 2
SET_VALUE, CREATE, CLOSE = 1, 26, 14


def pre(block: int, status: int = 0, **changes: Any) -> Returned:
    event = Returned(THREAD, FRAME - 0x100, block, SET_VALUE, FRAME, status)
    return event._replace(**changes)


def post(
    block: int, status: int = 0, before: int = 0, after: int | None = None, **changes: Any
) -> Returned:
    left = before if after is None else after
    return pre(block, status, post=PostStatus(before, left), **changes)


def follow(
    *events: Returned, stand: bool = False
) -> tuple[list[OpenOperation[None]], list[OpenOperation[None]]]:
    """Operations that came to their end, and those whose end nobody saw, each in order."""
    operations: Operations[None] = Operations(stand)
    over, lost = [], []
    for event in events:
        operation, gone = operations.of(event)
        lost += gone
        operation.add(event)
        if operation.is_over:
            operations.end(operation)
            over.append(operation)
    return over, lost + operations.rest()


RESULTS = {
    "allowed": ([pre(HIGH), pre(LOW), post(LOW), post(HIGH)], 0, None, None),
    "failed-itself": (
        [pre(HIGH), pre(LOW), post(LOW, before=NOT_FOUND), post(HIGH, before=NOT_FOUND)],
        NOT_FOUND, None, None,
    ),
    "first-refuses": ([pre(HIGH, DENIED)], DENIED, HIGH, None),
    "second-refuses": ([pre(HIGH), pre(LOW, DENIED), post(HIGH, before=DENIED)], DENIED, LOW, None),
    "turned": (
        [pre(HIGH), pre(LOW, DENIED), post(HIGH, BYPASS, DENIED, 0)], 0, LOW, HIGH,
    ),
    "first-bypasses": ([pre(HIGH, BYPASS)], 0, None, None),
    "second-bypasses": ([pre(HIGH), pre(LOW, BYPASS), post(HIGH)], 0, None, None),
    "post-refuses": (
        [pre(HIGH), pre(LOW), post(LOW, BYPASS, 0, DENIED), post(HIGH, before=DENIED)],
        DENIED, LOW, None,
    ),
    "post-refuses-and-turned": (
        [pre(HIGH), pre(LOW), post(LOW, BYPASS, 0, DENIED), post(HIGH, BYPASS, DENIED, 0)],
        0, LOW, HIGH,
    ),
    "bypassed-then-refused": (
        [pre(HIGH), pre(LOW, BYPASS), post(HIGH, BYPASS, 0, DENIED)], DENIED, HIGH, None,
    ),
    "another-failure": (
        [pre(HIGH), pre(LOW), post(LOW, BYPASS, NOT_FOUND, DENIED), post(HIGH, before=DENIED)],
        DENIED, None, None,
    ),
    "turned-and-refused-again": (
        [pre(TOP), pre(HIGH), pre(LOW, DENIED), post(HIGH, BYPASS, DENIED, 0),
         post(TOP, BYPASS, 0, DENIED)], DENIED, TOP, None,
    ),
    "close": (
        [pre(HIGH, DENIED, number=CLOSE), pre(LOW, number=CLOSE), post(LOW, number=CLOSE),
         post(HIGH, number=CLOSE)], 0, None, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_what_the_caller_gets_and_from_whom(name: str) -> None:
    events, result, blocked_by, turned_by = RESULTS[name]
    (found,), lost = follow(*events)
    assert lost == []
    assert found.result == result
    blocked, turned = found.blocked_by, found.turned_by
    assert (blocked and blocked.block) == blocked_by
    assert (turned and turned.block) == turned_by
    assert [each.block for each in found.verdicts] == [each.block for each in events]


# Of a real Vista SP2 (real_facts): the caller gets what the refusal said.
ON_VISTA = {
    "allowed": (0, None),
    "turned": (DENIED, LOW),
    "second-bypasses": (0, None),
    "bypassed-then-refused": (0, None),
    "post-refuses": (DENIED, LOW),
    "post-refuses-and-turned": (0, LOW),
}


@pytest.mark.parametrize("name", ON_VISTA)
def test_a_refusal_stands_on_vista(name: str) -> None:
    (found,), lost = follow(*RESULTS[name][0], stand=True)
    blocked = found.blocked_by
    assert (lost, found.result, blocked and blocked.block) == ([], *ON_VISTA[name])
    if name == "turned":
        assert found.turned_by is None


@pytest.mark.parametrize(("status", "result"), [(DENIED, DENIED), (BYPASS, 0)])
def test_an_end_that_says_no_more_than_that_it_is_one(status: int, result: int) -> None:
    """Of a refusal that stands; a real Vista SP2 has a loop of its own for what comes after it."""
    operation = OpenOperation[None](THREAD, SET_VALUE, FRAME, refusals_stand=True)
    operation.add(pre(LOW, status))
    operation.is_over, operation.result = False, None
    operation.end(None)
    assert operation.is_over
    assert operation.result == result


def test_nested_operations_are_their_own() -> None:
    """The one inside is seen first, deeper in the stack, and before anything of the other."""
    inner = {"number": CREATE, "information": FRAME - 0x1000, "stack": FRAME - 0x1100}
    outer = (pre(HIGH), pre(LOW), post(LOW), post(HIGH))
    over, lost = follow(pre(LOW, **inner), post(LOW, **inner), *outer)
    assert [each.number for each in over] == [CREATE, SET_VALUE]
    assert lost == []


def test_an_operation_between_pre_and_post() -> None:
    inner = {"number": CREATE, "information": FRAME - 0x1000, "stack": FRAME - 0x1100}
    over, lost = follow(pre(HIGH), pre(HIGH, **inner), post(HIGH, **inner), post(HIGH))
    assert [each.number for each in over] == [CREATE, SET_VALUE]
    assert lost == []


def test_two_threads_in_the_same_callbacks() -> None:
    events = [pre(HIGH), pre(LOW), post(LOW), post(HIGH)]
    mixed = [each._replace(thread=thread) for each in events for thread in (THREAD, OTHER_THREAD)]
    over, lost = follow(*mixed)
    assert [len(each.verdicts) for each in over] == [4, 4]
    assert lost == []


@pytest.mark.parametrize(
    "later",
    [
        pre(HIGH, information=FRAME + 0x800, stack=FRAME + 0x700),
        pre(HIGH),
        pre(HIGH, number=CREATE),
        pre(HIGH, information=FRAME - 0x4000_0000, stack=FRAME - 0x4000_0100),
    ],
    ids=["unwound", "same-again", "same-frame", "other-stack"],
)
def test_an_operation_whose_end_is_not_seen(later: Returned) -> None:
    """Its thread went on, or another has its place: the frame is gone."""
    over, lost = follow(pre(HIGH), pre(LOW), later)
    assert over == []
    assert [len(each.verdicts) for each in lost] == [2, 1]
    assert lost[0].result is None


def test_one_that_was_under_way_before() -> None:
    """Only its post-notifications are seen: nobody knows which is the last."""
    over, (lost,) = follow(post(LOW), post(HIGH))
    assert over == []
    assert lost.result == 0
