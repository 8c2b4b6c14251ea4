"""What guard leaves behind when it has had enough: nothing that was begun, and nothing new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pykd_ext
from pykd_ext import Decision
from pykd_ext.live.policy_file import parse_policy
from tests.support.lab_target import WrittenLab

if TYPE_CHECKING:
    from pykd_ext import Guarding
    from tests.lab.kd.script import Act

pytestmark = pytest.mark.toolchain

ALLOWED = parse_policy("[[rule]]\nclasses = ['SetValueKey']\naction = 'allow'\n")


def guarded(*acts: Act, below: tuple[Act, ...] = (), after: bool = False) -> Guarding:
    """A callback that does ``acts``, on two processors at once, and one below it."""
    from tests.lab.kd.script import Actor
    from tests.lab.kd.scripts import SCRIPTS

    script = SCRIPTS["running-on"]
    script = script._replace(
        drivers=("stage.sys",),
        actors=(Actor("200000", acts), Actor("100000", below)),
        work=tuple(each._replace(rounds=1) for each in script.work),
    )
    target: Any = WrittenLab(script)
    return pykd_ext.guard(target, ALLOWED, "200000", after=after)


def refusing() -> Guarding:
    """Both are in the callback at once, which is about to refuse."""
    from tests.lab.kd.script import Act

    return guarded(Act("yield", 1), Act("return", 1, 0xC0000001), after=True)


def test_what_is_under_way_in_the_end_is_the_callbacks_own() -> None:
    decisions = refusing()
    told: list[Decision] = []

    def report(decision: Decision) -> bool:
        told.append(decision)
        return len(told) == 1

    assert decisions.run(report) == "hit"
    assert (len(told), decisions.unfinished) == (1, 0)


def test_a_loop_that_is_left() -> None:
    decisions = refusing()
    for _ in decisions:
        break
    assert (decisions.why, decisions.unfinished) == ("hit", 0)


def test_a_crash_in_the_end_is_told() -> None:
    """The callback below reads nothing, before the first operation that was decided has ended."""
    from tests.lab.kd.script import Act

    decisions = guarded(below=(Act("crash", 1),))
    assert (decisions.run(lambda _: True), decisions.unfinished) == ("exception", 1)
