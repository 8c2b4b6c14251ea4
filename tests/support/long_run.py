"""Operations without end, from events of the lab's machine: for a test, and for the bench."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pykd_ext.live.operations import Operations, Returned
from pykd_ext.live.policy import PRE_CLASSES
from pykd_ext.live.returns import follow_returns, place

from .lab_target import LabTarget

if TYPE_CHECKING:
    from tests.lab.kd.script import Script

__all__ = ["THREAD_SIZE", "Replay", "recorded", "script"]

THREAD_SIZE = 0x480


def script(name: str, rounds: int = 1) -> Script:
    from tests.lab.kd.scripts import SCRIPTS

    found = SCRIPTS[name]
    return found._replace(work=tuple(each._replace(rounds=rounds) for each in found.work))


@lru_cache(maxsize=1)
def recorded() -> tuple[tuple[Returned, ...], ...]:
    """What one thread's five operations are heard of, an operation each."""
    target: Any = LabTarget(script("default"))
    events: list[Returned] = []

    def noted(event: Returned) -> bool:
        events.append(event)
        return False

    with follow_returns(target, place(target), PRE_CLASSES, noted):
        target.go(None)
    starts = [at for at, event in enumerate(events) if event.post is None and _is_first(events, at)]
    ends = [*starts[1:], len(events)]
    return tuple(tuple(events[start:end]) for start, end in zip(starts, ends))


def _is_first(events: list[Returned], at: int) -> bool:
    """Whether the callback that is asked first is asked there."""
    return events[at].block == events[0].block


class Replay:
    """Operations of ever new threads, each third of which dies in its first callback."""

    def __init__(self) -> None:
        self.operations: Operations[None] = Operations()
        self.over = self.lost = self.asked = 0

    def run(self, first: int, last: int) -> None:
        for number in range(first, last):
            events = recorded()[number % 5]
            for event in events[:1] if number % 3 == 0 else events:
                self._hear(event._replace(thread=event.thread + number * THREAD_SIZE))

    def _hear(self, event: Returned) -> None:
        operation, gone = self.operations.of(event)
        self.lost += len(gone)
        operation.add(event)
        if operation.is_over:
            self.operations.end(operation)
            self.over += 1

    def kept(self) -> int:
        """Bytes of what is under way."""
        return len(pickle.dumps(self.operations._open))
