"""What is heard of a running target, one record after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from .steps import Steps, until

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Stream"]

Record = TypeVar("Record")
_Self = TypeVar("_Self", bound="Stream[Any]")


class Stream(Generic[Record]):
    """Records of a running target, in one of two ways, and once.

    Iterating lets the target run until there is a record, and leaves it stopped there while you
    look around; :meth:`run` hands the records to a function while the debugger holds the target at
    a breakpoint, which costs less.

    regcb's breakpoints are in the target from the first record until the last. They are gone when
    the loop is left by ``break``, at :meth:`close`, at the end of a ``with`` block, and when the
    target is closed; the target is then stopped. ``why`` says why it ended: ``hit`` (enough was
    heard), ``time``, ``debugger`` (you stopped it), ``breakpoint`` (one of yours), ``exception``,
    ``bug-check`` or ``module``; it is None before.
    """

    def __init__(self, target: LiveTarget) -> None:
        self.target = target
        self._report: Callable[[Record], bool] | None = None
        self._waiting: deque[Record] = deque()
        self._steps: Steps | None = None
        self._stays = False  # at the breakpoint's instruction, which is done otherwise
        self.why: str | None = None

    def run(self, report: Callable[[Record], bool]) -> str:
        """Until ``report`` says True of a record, or the run ends otherwise; returns why."""
        self._report = report
        self.why = until(self._follow(), self._has_enough)
        return self.why

    def __iter__(self) -> Iterator[Record]:
        try:
            while self._waiting or self._goes_on():
                if self._waiting:
                    yield self._waiting.popleft()
        finally:
            self.close()

    def close(self) -> None:
        """Ends it, as if enough had been heard."""
        steps, self._steps = self._steps, None
        if steps is None:
            return
        try:
            steps.send(True)
        except StopIteration as end:
            self.why = self.why or end.value

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self) -> Steps:
        """Sets the breakpoints, and follows the target."""
        raise NotImplementedError

    def _has_enough(self) -> bool:
        """Whether a stop is the end of :meth:`run`."""
        return True

    def _hear(self, record: Record) -> bool:
        """What the follower reports to. There may be more than one of a stop."""
        if self._report is not None:
            return self._report(record)
        self._waiting.append(record)
        self.target.stop_after_hit()
        return self._stays

    def _goes_on(self) -> bool:
        """One step; whether there may be another one."""
        if self.why is not None:
            return False
        if self._steps is None:
            self._steps = self._follow()
        try:
            next(self._steps)
        except StopIteration as end:
            self.why, self._steps = end.value, None
        return bool(self._waiting) or self.why is None
