"""live_regcb.py, with Ctrl+Break once the target runs, as WinDbg gives it. Run by attached.py.

Arguments: ``busy`` waits for the first operation to be done, ``idle`` for breakpoints; then who
else asks the engine for the interrupt: ``nobody``, or the ``bootstrapper`` (pykd-ext,
sources/windbgext.cpp, InterruptWatch) for a script in a namespace of its own, which hears nothing.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
import time
from typing import Callable

from tests.engine.inside import live
from tests.engine.inside.live_interrupted import is_busy, is_idle
from tests.engine.inside.live_regcb import run

_DEBUG_CONTROL = bytes.fromhex("68e682515e106e41ad9224ef800424ba")  # dbgeng.h: IID_IDebugControl
_GET_INTERRUPT, _SET_INTERRUPT = 3, 4  # in its table of functions
_ACTIVE = 0  # DEBUG_INTERRUPT_ACTIVE
_POLL = 0.25  # seconds; the bootstrapper's


class Control:
    """The engine, as WinDbg's window and the bootstrapper have it."""

    def __init__(self) -> None:
        self._this = ctypes.c_void_p()
        identity = ctypes.create_string_buffer(_DEBUG_CONTROL, 16)
        ctypes.CDLL("dbgeng").DebugCreate(identity, ctypes.byref(self._this))
        tables = ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))
        self._functions = ctypes.cast(self._this, tables)[0]

    def get_interrupt(self) -> bool:
        kind = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)
        return bool(kind(self._functions[_GET_INTERRUPT] or 0)(self._this) == 0)

    def set_interrupt(self) -> None:
        kind = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_ulong)
        kind(self._functions[_SET_INTERRUPT] or 0)(self._this, _ACTIVE)


def bootstrapper(engine: Control) -> None:
    """Then it waits for the main interpreter, in which nothing runs."""
    while not engine.get_interrupt():
        time.sleep(_POLL)


def press_when(runs: Callable[[], bool], engine: Control) -> None:
    """And again, as a user does, where the bootstrapper's thread has been faster than regcb's."""
    while not runs():
        time.sleep(0.1)
    is_running = True
    while is_running:
        engine.set_interrupt()
        time.sleep(2)
        counts = live.counts()
        time.sleep(0.5)
        is_running = live.counts() != counts


def start(function: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()


if __name__ == "__main__":
    live.state()  # what a socket imports is imported by one thread
    when, who, *words = sys.argv[1:]
    if who == "bootstrapper":
        start(bootstrapper, Control())
    start(press_when, {"busy": is_busy, "idle": is_idle}[when], Control())
    print("\n" + json.dumps(run(words)))
