"""The lab's XP and Server 2003 call the callbacks as a real XP SP3 did."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.toolchain

DENIED, BYPASS, INFORMATIONAL, FAILED = 0xC0000022, 0xC0000503, 0x40000000, 0xC0000001
ASKS = "asks"
SET_VALUE, OTHER = 1, 9  # the class of the operation, and of one that is asked for in it
# What each of three callbacks does, by its slot and the class; what was called, with what the
# dispatcher returned for the operation in between; what it returned for the operation itself.
REAL: list[tuple[dict[tuple[int, int], Any], list[Any], int]] = [
    ({}, [(0, 1), (1, 1), (2, 1)], 0),
    ({(1, 1): DENIED}, [(0, 1), (1, 1)], DENIED),
    ({(0, 1): BYPASS}, [(0, 1)], BYPASS),
    ({(0, 1): INFORMATIONAL}, [(0, 1), (1, 1), (2, 1)], 0),
    ({(2, 1): INFORMATIONAL}, [(0, 1), (1, 1), (2, 1)], 0),
    # A callback is not told of what its thread asks for while it is in it; all others are.
    ({(1, 1): ASKS}, [(0, 1), (1, 1), (0, 9), (2, 9), 0, (2, 1)], 0),
    ({(0, 1): ASKS, (2, 9): FAILED}, [(0, 1), (1, 9), (2, 9), FAILED, (1, 1), (2, 1)], 0),
]


@pytest.mark.parametrize("profile", ["x86-2600", "x64-3790"])
@pytest.mark.parametrize(("acts", "called", "returned"), REAL)
def test_the_vector(
    profile: str, acts: dict[tuple[int, int], Any], called: list[Any], returned: int
) -> None:
    from tests.support.lab_kernel import LabKernel

    kernel = LabKernel(profile)
    dispatcher, information = kernel.world.nt("CmpCallCallBacks"), kernel.scratch
    seen: list[Any] = []

    def note(slot: int, number: int, argument: int) -> int:
        assert argument == information
        seen.append((slot, number))
        act = acts.get((slot, number), 0)
        if act == ASKS:
            seen.append(kernel.call(dispatcher, OTHER, information))
            return 0
        return int(act)

    function = kernel.stub(3, note)
    assert [kernel.register(function, None, slot)[0] for slot in range(3)] == [0, 0, 0]
    assert kernel.call(dispatcher, SET_VALUE, information) == returned
    assert seen == called
