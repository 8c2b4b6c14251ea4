"""Why a run of a target ends."""

from __future__ import annotations

import signal
import threading
from typing import Callable

import pytest

from pykd_ext.target import running
from pykd_ext.target.running import Run


def passing(asked: list[bool]) -> Callable[[], bool]:
    """A breakpoint's function that has the target go on, and notes that it was asked."""

    def on_hit() -> bool:
        asked.append(True)
        return False

    return on_hit


def test_a_breakpoints_function_decides() -> None:
    run = Run(None)
    assert not run.stops(lambda: False)
    assert run.reason == "debugger"
    assert run.stops(lambda: True)
    assert run.reason == "hit"


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_what_it_raises_is_kept_and_stops_the_target(error: BaseException) -> None:
    def fails() -> bool:
        raise error

    run = Run(None)
    assert run.stops(fails)
    assert run.error is error


def test_ctrl_c_stops_at_the_next_breakpoint() -> None:
    """Whose function is asked, and says nothing to that."""
    run = Run(None)
    asked: list[bool] = []
    before = signal.getsignal(signal.SIGINT)
    with run.interruptible(lambda: pytest.fail("a breakpoint is hit")):
        signal.raise_signal(signal.SIGINT)
        assert run.stops(passing(asked))
    assert (run.reason, run.error, asked) == ("debugger", None, [True])
    assert signal.getsignal(signal.SIGINT) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_ctrl_c_without_a_breakpoint() -> None:
    run, broke_in = Run(None), threading.Event()
    with run.interruptible(broke_in.set):
        signal.raise_signal(signal.SIGINT)
        broke_in.wait()
    assert run.reason == "debugger"


def test_time_is_over_at_a_breakpoint_and_without_one() -> None:
    """A breakpoint's function is asked then, too: guard keeps a callback from what it must not
    hear there."""
    run = Run(0.0)
    asked: list[bool] = []
    assert run.stops(passing(asked))
    assert (run.reason, asked) == ("time", [True])
    rang = threading.Event()
    quiet = Run(0.0)
    with quiet.interruptible(rang.set):
        rang.wait()
    assert quiet.reason == "time"


def test_a_target_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SILENCE", 0.0)
    broke_in, told = threading.Event(), threading.Event()

    def on_silence(seconds: float) -> None:
        assert seconds >= 0 and broke_in.is_set()
        told.set()

    with Run(0.0, on_silence).interruptible(broke_in.set):
        told.wait()


def test_in_a_thread_that_gets_no_signals() -> None:
    rang = threading.Event()

    def go() -> None:
        with Run(0.0).interruptible(rang.set):
            rang.wait()

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    assert rang.is_set()


def test_the_watch_is_off_afterwards() -> None:
    before = threading.active_count()
    with Run(1000.0).interruptible(lambda: pytest.fail("too early")):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
