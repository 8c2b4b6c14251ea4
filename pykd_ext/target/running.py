"""One run of a live target, from its going on to its next stop: how long, and why it ended."""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable

from .engine_interrupt import POLL, user_interrupts

if TYPE_CHECKING:
    from .live import OnHit

__all__ = ["Run"]

_GRACE = 0.5  # seconds that a busy target has to stop at a breakpoint by itself


class Run:
    """``reason`` is what :meth:`LiveTarget.go` says; ``error`` what an ``on_hit`` has raised."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._is_interrupted = False
        self.reason = "debugger"
        self.error: BaseException | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was one of our own reasons, or the user's Ctrl+C."""
        return self.reason != "debugger" or self._is_interrupted

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
    def interruptible(self, break_in: Callable[[], None]) -> Iterator[None]:
        """Breaks in when the time is over, or on Ctrl+C or Ctrl+Break, where no breakpoint stops.

        While the engine waits no Python runs in its thread, and of a signal only the byte that
        set_wakeup_fd asks for is to be had, in another thread.
        """
        ear, mouth = socket.socketpair()
        mouth.setblocking(False)
        watch = threading.Thread(target=self._watch, args=(ear, break_in), daemon=True)
        watch.start()
        try:
            with self._ctrl_c(mouth):
                yield
        finally:
            mouth.close()
            watch.join()
            ear.close()

    def _watch(self, ear: socket.socket, break_in: Callable[[], None]) -> None:
        """Until the run is over, which closes the other end."""
        end = None if self._deadline is None else self._deadline + _GRACE
        with user_interrupts() as is_asked:
            while not _is_readable(ear, POLL):
                if is_asked():
                    break
                if end is not None and time.monotonic() >= end:
                    self.reason = "time"
                    break_in()
                    return
            else:
                if not ear.recv(1):
                    return
        self._is_interrupted = True
        if _is_readable(ear, _GRACE) and not ear.recv(1):
            return  # a breakpoint was hit
        break_in()

    @contextmanager
    def _ctrl_c(self, mouth: socket.socket) -> Iterator[None]:
        """Has Ctrl+C write to ``mouth`` and stop the target at its next breakpoint.

        KeyboardInterrupt could be raised before the first line of a breakpoint's function, where
        nobody catches it.
        """

        def interrupt(*_: object) -> None:
            self._is_interrupted = True

        try:
            before = signal.signal(signal.SIGINT, interrupt)
        except ValueError:  # inside WinDbg, in a thread that gets no signals
            yield
            return
        awake = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(awake)
            signal.signal(signal.SIGINT, before)


def _is_readable(ear: socket.socket, seconds: float | None) -> bool:
    return bool(select.select([ear], [], [], seconds)[0])
