"""Where a refusal stops the target: in the callback, or behind its call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pykd_ext
from tests.support.lab_target import LabTarget

if TYPE_CHECKING:
    from tests.lab.kd.script import Actor, Operation

pytestmark = pytest.mark.toolchain

PRE_SET, POST_SET = 1, 16
DENIED, DISK_FULL = 0xC0000022, 0xC000007F
WRITE = ("set-value", "\\REGISTRY\\MACHINE\\SOFTWARE\\Example", "Volume")


def stops(actors: list[Actor], *operations: Operation) -> list[tuple[str | None, str, bool]]:
    """By whom, in which phase, and whether the target was left in it."""
    from tests.lab.kd.script import Script, Work

    work = Work("regedit.exe", 0x1A3C, 0x1A40, operations, rounds=1)
    target: Any = LabTarget(Script((work,), ("stage.sys",), tuple(actors)))
    found = []
    with pykd_ext.trace(target, only_blocked=True, in_callback=True) as trace:
        for each in trace:
            assert each.blocked_by and each.blocked_by.callback
            altitude = each.blocked_by.callback.altitude
            found.append((altitude, each.blocked_by.verdict.phase, trace.is_in_callback))
    return found


def test_a_success_that_is_made_a_failure_is_a_refusal_there_too() -> None:
    from tests.lab.kd.script import Act, Actor, Operation

    overrules = Actor("200000", (Act("overrule", POST_SET, DISK_FULL),))
    assert stops([Actor("300000"), overrules], Operation(*WRITE)) == [("200000", "post", True)]


def test_where_it_is_after_another_stop() -> None:
    """The second callback has come since: of its code nothing is known."""
    from tests.lab.kd.script import Act, Actor, Operation

    refuses = Act("return", PRE_SET, DENIED, times=1)
    actors = [Actor("200000", (refuses,)), Actor("100000", (refuses,), at_load=False)]
    register = Operation("register-callback", actor=1)
    assert stops(actors, Operation(*WRITE), register, Operation(*WRITE)) == [
        ("200000", "pre", True),
        ("100000", "pre", False),
    ]
