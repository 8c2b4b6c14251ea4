"""Choosing operations by the process or the thread that asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from pykd_ext.live.filters import Filters
from pykd_ext.live.returns import place
from pykd_ext.live.trace import Tracer
from pykd_ext.live.traced import Operation
from tests.support.lab_target import LabTarget
from tests.support.long_run import script

pytestmark = pytest.mark.toolchain

REGEDIT, ITS_THREAD = 0x1A3C, 0x1A40
OPERATIONS, REFUSED = 5, 2  # in the default script


def followed(**filters: Any) -> tuple[int, int]:
    """How many were reported, and how many were others'."""
    found: list[Operation] = []

    def report(traced: Operation) -> bool:
        found.append(traced)
        return False

    target: Any = LabTarget(script("default"))
    tracer = Tracer(target, Filters(**filters), report)
    tracer.run(place(target), None)
    return len(found), tracer.inquiry.others


@pytest.mark.parametrize(("only_blocked", "number"), [(False, OPERATIONS), (True, REFUSED)])
def test_each_of_others_is_counted_once(only_blocked: bool, number: int) -> None:
    for theirs in ({"process_id": REGEDIT}, {"thread_id": ITS_THREAD}):
        assert followed(only_blocked=only_blocked, **theirs) == (number, 0)
    for others in ({"process_id": 4}, {"thread_id": 8}):
        assert followed(only_blocked=only_blocked, **others) == (0, number)
    both = {"process_id": REGEDIT, "thread_id": 8}
    assert followed(only_blocked=only_blocked, **both) == (0, number)
