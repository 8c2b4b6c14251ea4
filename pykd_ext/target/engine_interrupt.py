"""Whether the user wants a running command to end: what WinDbg's Ctrl+Break, and kd's Ctrl+C, tell
the debugger engine.

The engine breaks in by itself then, but not where breakpoints are hit all the time; in a target in
which nothing happens up to four seconds later: so long dbgeng 10.0.15063 waits for an answer over
COM and TCP. The pykd bootstrapper asks the engine too, every 250 ms, and tells the main interpreter
alone, not the one of its own that a script runs in (InterruptWatch in pykd-ext,
sources/windbgext.cpp). So it is asked for here, more often.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from .engine_interface import CONTROL, EngineInterface

__all__ = ["POLL", "user_interrupts"]

POLL = 0.02  # seconds; one time in twelve the bootstrapper is faster

_GET_INTERRUPT = 3  # in IDebugControl's table of functions


@contextmanager
def user_interrupts() -> Iterator[Callable[[], bool]]:
    """A question for the engine of this process, for one thread: whether the user has interrupted
    it since the last time. Nobody ever has where there is no engine."""
    try:
        control = EngineInterface(CONTROL)
    except OSError:
        yield lambda: False
        return
    get_interrupt = control.method(_GET_INTERRUPT)
    try:
        yield lambda: get_interrupt() == 0  # S_OK
    finally:
        control.release()
