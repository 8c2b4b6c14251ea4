"""Where the kernel calls callbacks, when no symbol names its function: the first callback that is
called is about to return there.

Which function that is, is known where a callback's call is found in it, right before that place.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.function_start import function_starts
from ..target.errors import RegcbError
from .breakpoints import Breakpoints
from .calls import entered
from .returns import NOT_FOUND, BreakpointPlan, plan_in

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["FirstCall", "await_first_call"]

_LEAST = 0.01  # seconds


class FirstCall(NamedTuple):
    """What is known once a callback has been called. ``why`` is ``hit`` then, and otherwise why the
    target stopped before; ``seconds`` are left of those that were given."""

    plan: BreakpointPlan
    why: str
    seconds: float | None


def await_first_call(target: LiveTarget, plan: BreakpointPlan, seconds: float | None) -> FirstCall:
    """Lets the target run until one of the plan's callbacks is called: a better plan
    then, or the same with what it cannot see. No breakpoint is left. Raises as LiveTarget.go."""
    started = time.monotonic()
    found = plan._replace(problems=[NOT_FOUND, *plan.problems[1:]], is_unnamed=False)

    def hit() -> bool:
        nonlocal found
        try:
            found = _plan_behind(target, entered(target, 0).back) or found
        except RegcbError:
            return False
        return True

    with Breakpoints(target) as breakpoints:
        for each in plan.callbacks:
            if each.function:
                breakpoints.add(each.function, hit)
        why = target.go(seconds)
    if seconds is not None:
        seconds = max(seconds - (time.monotonic() - started), _LEAST)
    return FirstCall(found, why, seconds)


def _plan_behind(target: LiveTarget, back: int) -> BreakpointPlan | None:
    """In the function with a call that returns to ``back``."""
    for start in function_starts(target, back):
        plan = plan_in(target, start)
        if plan is not None and any(site.back == back for site in plan.sites):
            return plan
    return None
