"""One run of a live target, from its going on to its next stop: how long, and why it ended."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from .live import OnHit

__all__ = ["Run"]

_GRACE = 0.5  # seconds that a busy target has to stop at a breakpoint when its time is over


class Run:
    """``reason`` is what :meth:`LiveTarget.go` says; ``error`` what an ``on_hit`` has raised."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._is_interrupted = False
        self.reason = "debugger"
        self.error: BaseException | None = None

    def stops(self, on_hit: OnHit) -> bool:
        """Asks ``on_hit``, unless it is over anyway. Inside the engine nothing may be raised."""
        try:
            if self._is_interrupted:
                return True
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self.reason = "time"
                return True
            if on_hit():
                self.reason = "hit"
                return True
        except BaseException as error:
            self.error = error
            return True
        return False

    @contextmanager
    def alarm(self, break_in: Callable[[], None]) -> Iterator[None]:
        """Breaks in when the time is over, for a target in which no breakpoint is hit."""
        if self._seconds is None:
            yield
            return

        def ring() -> None:
            self.reason = "time"
            break_in()

        timer = threading.Timer(self._seconds + _GRACE, ring)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    @contextmanager
    def ctrl_c(self) -> Iterator[None]:
        """Has Ctrl+C stop the target at its next breakpoint.

        KeyboardInterrupt could be raised before the first line of a breakpoint's function, where
        nobody catches it.
        """

        def interrupt(*_: object) -> None:
            self._is_interrupted = True

        before = None
        with suppress(ValueError):  # inside WinDbg, in a thread that gets no signals
            before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)
