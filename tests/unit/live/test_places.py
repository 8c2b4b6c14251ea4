"""Where breakpoints may go, and where not: nothing is set in a dump, but all is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from pykd_ext.kernel.listing import read_listing
from pykd_ext.live.guard import Guard
from pykd_ext.live.policy_file import parse_policy
from pykd_ext.live.returns import place
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import TargetError
from pykd_ext.target.symbol_path import SymbolPath
from tests.support.regcb import MakeDump

pytestmark = pytest.mark.toolchain

REASONS = {
    "prologue-traps@1": "a breakpoint",
    "function-null@1": "it has no function",
    "function-nowhere@1": "paged out or not mapped",
}


def opened(lab_dump: MakeDump, *damage: str, callbacks: int = 4) -> Any:
    """A dump without symbols, in which nothing says where nt!CmpCallCallBacksEx is."""
    truth = lab_dump(callbacks=callbacks, damage=damage)
    return CrashDump(truth.path, SymbolPath(""))


@pytest.mark.parametrize("damage", REASONS)
def test_a_callback_that_takes_no_breakpoint(damage: str, lab_dump: MakeDump) -> None:
    """Where the kernel's call is not known each callback gets one, but for this."""
    target = opened(lab_dump, damage)
    placement = place(target)
    assert len(placement.callbacks) == 3
    assert any(REASONS[damage] in problem for problem in placement.problems)
    entry = read_listing(target).entries[1]
    with pytest.raises(TargetError, match="cannot be guarded") as error:
        Guard(target, parse_policy("[[rule]]\naction = 'log'"), entry, lambda _: True)
    assert REASONS[damage] in str(error.value)


def test_more_callbacks_than_a_target_takes_breakpoints(lab_dump: MakeDump) -> None:
    placement = place(opened(lab_dump, callbacks=64))
    assert len(placement.callbacks) == 30
    assert "the last 34 callbacks are not followed" in placement.problems[-1]


def test_nothing_to_follow(lab_dump: MakeDump) -> None:
    with pytest.raises(TargetError, match="no callback can be followed"):
        place(opened(lab_dump, callbacks=0))


@pytest.mark.parametrize("profile", ["x64-19041", "x64-7601", "x86-7601", "arm64-22621"])
def test_the_kernels_calls_are_found(profile: str, lab_dump: MakeDump) -> None:
    """One before an operation, one after it."""
    truth = lab_dump(profile, callbacks=4)
    placement = place(CrashDump(truth.path, SymbolPath(truth.symbols)))
    assert len(placement.sites) == 2
    assert placement.problems == []


def test_xps_callbacks_are_followed_at_their_starts(lab_dump: MakeDump) -> None:
    truth = lab_dump("x86-2600", callbacks=4)
    placement = place(CrashDump(truth.path, SymbolPath(truth.symbols)))
    assert (placement.sites, len(placement.callbacks)) == ([], len(truth.callbacks))
