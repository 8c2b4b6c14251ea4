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

from .engine_interrupt import POLL, main_interpreter_was_told, user_interrupts

if TYPE_CHECKING:
    from .live import OnHit

__all__ = ["Run"]

REBOOT = "reboot"

_GRACE = 0.5  # seconds that a busy target has to stop at a breakpoint by itself
SILENCE = 20.0  # seconds without an answer; the engine asks an idle target within four


class Run:
    """``reason`` is what :meth:`LiveTarget.go` says; ``error`` what an ``on_hit`` has raised.

    ``stops_after_hit``: one of them has asked for the stop.
    ``on_silence`` hears once, in another thread, of how many seconds a target has not answered that
    was to stop. The engine waits for one for ever, whatever is done to it (IDebugControl's
    SetInterrupt in all its kinds and IDebugClient's EndSession, which say S_OK; seen in dbgeng
    10.0.15063 with its connection closed, and with it silent).
    """

    def __init__(
        self, seconds: float | None, on_silence: Callable[[float], None] = lambda _: None
    ) -> None:
        self._on_silence = on_silence
        self._heard = time.monotonic()
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._is_interrupted = False
        self.stops_after_hit = False
        self.reason = "debugger"
        self.error: BaseException | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was one of our own reasons, or the user's Ctrl+C."""
        return self.reason != "debugger" or self._is_interrupted

    def reboot(self) -> None:
        """The target is about to: whatever is awaited does not come, and what comes takes time."""
        self.reason = REBOOT

    def hear(self) -> None:
        """The target has answered: it is slow, but there."""
        self._heard = time.monotonic()

    @property
    def is_reboot(self) -> bool:
        return self.reason == REBOOT

    def stops(self, on_hit: OnHit) -> bool:
        """Asks ``on_hit``, also where it is over anyway: when the target goes on from there, nobody
        is told of that breakpoint again. Inside the engine nothing may be raised."""
        try:
            is_enough = on_hit() or self.stops_after_hit
        except BaseException as error:
            self.error = error
            return True
        if self._is_interrupted:
            return True
        if is_enough:
            self.reason = "hit"
        elif self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = "time"
        return self.reason in ("hit", "time")

    @contextmanager
    def interruptible(self, break_in: Callable[[], None]) -> Iterator[None]:
        """Breaks in when the time is over, or on Ctrl+C or Ctrl+Break, where no breakpoint stops.

        While the engine waits no Python runs in its thread, and of a signal only the byte that
        set_wakeup_fd asks for is to be had, in another thread.
        """
        wake, waker = socket.socketpair()
        waker.setblocking(False)
        watch = threading.Thread(target=self._watch, args=(wake, break_in), daemon=True)
        watch.start()
        try:
            with self._ctrl_c(waker):
                yield
        finally:
            waker.close()
            watch.join()
            wake.close()
            if main_interpreter_was_told():
                self._is_interrupted = True

    def _watch(self, wake: socket.socket, break_in: Callable[[], None]) -> None:
        """Until the run is over, which closes the other end."""
        if not self._is_to_stop(wake):
            return
        break_in()
        self.hear()
        while not _is_readable(wake, POLL):
            silent = time.monotonic() - self._heard
            if silent >= SILENCE and not self.is_reboot:
                self._on_silence(silent)
                return

    def _is_to_stop(self, wake: socket.socket) -> bool:
        """Comes back when the target has to be broken into; False where the run is over."""
        end = None if self._deadline is None else self._deadline + _GRACE
        with user_interrupts() as is_asked:
            while not _is_readable(wake, POLL):
                if is_asked():
                    break
                if end is not None and time.monotonic() >= end:
                    self.reason = REBOOT if self.is_reboot else "time"
                    return True
            else:
                if not wake.recv(1):
                    return False
        self._is_interrupted = True
        is_over = _is_readable(wake, _GRACE) and not wake.recv(1)  # a breakpoint was hit
        return not is_over

    @contextmanager
    def _ctrl_c(self, waker: socket.socket) -> Iterator[None]:
        """Has Ctrl+C write to ``waker`` and stop the target at its next breakpoint.

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
        awake = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(awake)
            signal.signal(signal.SIGINT, before)


def _is_readable(wake: socket.socket, seconds: float | None) -> bool:
    return bool(select.select([wake], [], [], seconds)[0])
