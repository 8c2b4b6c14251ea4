"""A run of the target in steps: each is a stop that was asked for; from it the run may go on."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Steps", "go_on", "until"]

# True sent to it means that the step was the last one; it returns why the run ended.
Steps = Generator[None, Optional[bool], str]

_LEAST = 0.01  # seconds


def go_on(
    target: LiveTarget,
    seconds: float | None,
    before: Callable[[], None] = lambda: None,
    is_over: Callable[[], bool] = lambda: False,
) -> Steps:
    """Lets ``target`` run for ``seconds`` in all, a step for each ``hit`` of :meth:`LiveTarget.go`;
    ``before`` is called each time that it goes on. A hit after which it ``is_over`` is the last."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else max(deadline - time.monotonic(), _LEAST)
        why = target.go(left)
        if why != "hit" or is_over() or (yield):
            return why
        before()


def until(steps: Steps, has_enough: Callable[[], bool] = lambda: True) -> str:
    """Takes ``steps`` until ``has_enough`` says so after one of them; why the run ended."""
    try:
        next(steps)
        while not has_enough():
            next(steps)
        steps.send(True)
    except StopIteration as end:
        why: str = end.value
        return why
    raise AssertionError("a run goes on after its end")
