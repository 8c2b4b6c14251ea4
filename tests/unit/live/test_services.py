"""Following the operations of a class from its own system service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pykd_ext.live.filters import Filters
from pykd_ext.live.policy import PRE_CLASSES
from pykd_ext.live.returns import place
from pykd_ext.live.services import ThreadsInside, services_of
from pykd_ext.live.trace import Tracer
from pykd_ext.live.traced import Operation
from tests.support.lab_target import LabTarget
from tests.support.long_run import script

if TYPE_CHECKING:
    from tests.lab.kd.script import Script

pytestmark = pytest.mark.toolchain

PRE_SET, POST_SET, PRE_CREATE, PRE_OPEN = 1, 16, 26, 28
EXAMPLE = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"


def followed(name: str, profile: str = "x64-19041", **filters: Any) -> list[Operation]:
    """Every operation that a trace reports, as long as the machine has work."""
    found: list[Operation] = []

    def report(traced: Operation) -> bool:
        found.append(traced)
        return False

    target: Any = LabTarget(script(name, rounds=2), profile)
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


@pytest.mark.parametrize("profile", ["x64-19041", "x86-6002"])
@pytest.mark.parametrize("name", ["default", "nested", "overruled", "coming-and-going"])
def test_a_class_of_its_own_is_followed_as_all_are(name: str, profile: str) -> None:
    """In the same order, also where callbacks ask for operations of that and of other classes.
    Vista's code comes to the end before an operation, too, as a real one's does."""
    every = followed(name, profile)
    sets = [each for each in every if each.notified.notification.notify_class == PRE_SET]
    assert sets
    alone = followed(name, profile, numbers=frozenset([PRE_SET]))
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


def of_regedit(script: Script, **filters: Any) -> tuple[Tracer, list[Operation]]:
    """What a trace of regedit.exe's operations reports, and the tracer when there is no work."""
    found: list[Operation] = []

    def report(traced: Operation) -> bool:
        found.append(traced)
        return False

    target: Any = LabTarget(script)
    tracer = Tracer(target, Filters(process_name=re.compile("regedit.exe"), **filters), report)
    with tracer._follow(place(target)):
        target.go(None)
    return tracer, found


def test_what_another_process_is_refused_meanwhile_is_not_waited_for() -> None:
    """Its thread is inside for nobody, so that the end is not heard of either."""
    from tests.lab.kd.script import PROTECTED_KEY, Act, Actor, Operation, Script, Work

    write, refused = (Operation("set-value", key, "Answer") for key in (EXAMPLE, PROTECTED_KEY))
    both = (
        Work("services.exe", 0x2AC, 0x2B0, (refused,), rounds=1, processor=1),
        Work("regedit.exe", 0x1A3C, 0x1A40, (write,), rounds=1),
    )
    waits = [
        Actor(str(altitude), (Act("yield", PRE_SET),)) for altitude in (200000, 190000, 100000)
    ]
    script = Script(both, ("regprotect.sys", "stage.sys"), tuple(waits), processors=2)
    tracer, found = of_regedit(script, numbers=frozenset([PRE_SET]))
    assert [each.result for each in found] == [0]
    assert not tracer.awaits_ends


@pytest.mark.parametrize("numbers", [PRE_CLASSES, frozenset([PRE_SET])], ids=["all", "class"])
def test_a_thread_that_has_ended_is_noticed_at_anybodys_end(
    numbers: frozenset[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody else is of interest: until then every operation stops the target."""
    from tests.lab.kd.script import PROTECTED_KEY, Act, Actor, Operation, Script, Work

    monkeypatch.setattr("pykd_ext.live.trace._SWEEP_EVERY", -1.0)
    refused, other = (Operation("set-value", key, "Answer") for key in (PROTECTED_KEY, EXAMPLE))
    both = (
        Work("regedit.exe", 0x1A3C, 0x1A40, (refused,), rounds=1),
        Work("services.exe", 0x2AC, 0x2B0, (other,), rounds=3),
    )
    ends = Actor("200000", (Act("end-thread", POST_SET, times=1),))
    script = Script(both, ("regprotect.sys", "stage.sys"), (ends,))
    only_blocked = numbers is PRE_CLASSES
    tracer, found = of_regedit(script, numbers=numbers, only_blocked=only_blocked)
    assert [(each.result, each.is_over) for each in found] == [(None, False)]
    assert not tracer.awaits_ends
