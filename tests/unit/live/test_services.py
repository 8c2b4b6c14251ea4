"""Following the operations of a class from its own system service."""

from __future__ import annotations

from typing import Any

import pytest

from pykd_ext.live.filters import Filters
from pykd_ext.live.returns import place
from pykd_ext.live.services import ThreadsInside, services_of
from pykd_ext.live.trace import Tracer
from pykd_ext.live.traced import Operation
from tests.support.lab_target import LabTarget
from tests.support.long_run import script

pytestmark = pytest.mark.toolchain

PRE_SET, PRE_CREATE, PRE_OPEN = 1, 26, 28


def followed(name: str, **filters: Any) -> list[Operation]:
    """Every operation that a trace reports, as long as the machine has work."""
    found: list[Operation] = []

    def report(traced: Operation) -> bool:
        found.append(traced)
        return False

    target: Any = LabTarget(script(name, rounds=2))
    Tracer(target, Filters(**filters), report).run(place(target), None)
    return found


def summary(traced: Operation) -> tuple[Any, ...]:
    blocked = traced.blocked_by
    return (
        traced.requestor and traced.requestor.thread_id,
        traced.notified.notification.keys[0].path,
        traced.result,
        blocked and blocked.verdict.block,
        [each and each.block.address for each in traced.around],
        traced.is_over,
    )


@pytest.mark.parametrize("name", ["default", "nested", "overruled", "coming-and-going"])
def test_a_class_of_its_own_is_followed_as_all_are(name: str) -> None:
    """In the same order, also where callbacks ask for operations of that and of other classes."""
    every = followed(name)
    sets = [each for each in every if each.notified.notification.notify_class == PRE_SET]
    assert sets
    alone = followed(name, numbers=frozenset([PRE_SET]))
    assert list(map(summary, alone)) == list(map(summary, sets))


def test_which_classes_have_a_service_of_their_own() -> None:
    target: Any = LabTarget(script("default"))
    assert services_of(target, [PRE_SET]) == [target.symbol("NtSetValueKey")]
    assert services_of(target, [PRE_SET, PRE_OPEN]) == []


def test_a_service_that_asks_nobody_is_forgotten_at_the_threads_next_operation() -> None:
    """Its thread was taken for being inside."""
    target: Any = LabTarget(script("default"))
    inside = ThreadsInside(target)
    seen: list[bool] = []

    def begins() -> bool:
        if not seen:
            inside.enter()
        return False

    def ends() -> bool:
        inside.leave(is_services=False)
        seen.append(inside.is_any)
        return True

    target.break_at(target.symbol("NtCreateKey"), begins)
    (end,) = place(target).junctions.ends  # type: ignore[union-attr]
    target.break_at(end.address, ends)
    target.go(None)
    assert seen == [False]


def test_an_operation_that_a_callback_asks_for_ends_no_service() -> None:
    target: Any = LabTarget(script("nested"))
    inside = ThreadsInside(target)
    seen: list[bool] = []

    def ends() -> bool:
        inside.leave(is_services=False)
        seen.append(inside.is_any)
        return True

    def begins() -> bool:
        inside.enter()
        return False

    target.break_at(target.symbol("NtSetValueKey"), begins)
    (end,) = place(target).junctions.ends  # type: ignore[union-attr]
    target.break_at(end.address, ends)
    target.go(None)
    assert seen == [True]
