"""Whether the user wants a running command to end: what WinDbg's Ctrl+Break, and kd's Ctrl+C, tell
the debugger engine.

The engine breaks in by itself then, but not where breakpoints are hit all the time; in a target in
which nothing happens up to four seconds later: so long dbgeng 10.0.15063 waits for an answer over
COM and TCP. The pykd bootstrapper asks the engine too, every 250 ms, and tells the main interpreter
alone, not the one of its own that a script runs in (InterruptWatch in pykd-ext,
sources/windbgext.cpp). So it is asked for here, more often.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

__all__ = ["POLL", "user_interrupts"]

POLL = 0.02  # seconds; one time in twelve the bootstrapper is faster

_DEBUG_CONTROL = "68e682515e106e41ad9224ef800424ba"  # dbgeng.h: IID_IDebugControl, as memory has it
_RELEASE, _GET_INTERRUPT = 2, 3  # in its table of functions


@contextmanager
def user_interrupts() -> Iterator[Callable[[], bool]]:
    """A question for the engine of this process, for one thread: whether the user has interrupted
    it since the last time. Nobody ever has where there is no engine."""
    if sys.platform != "win32":
        yield lambda: False
        return
    modules = ctypes.WinDLL("kernel32").GetModuleHandleW
    modules.restype = ctypes.c_void_p
    engine = modules("dbgeng.dll")
    control = ctypes.c_void_p()
    identity = ctypes.create_string_buffer(bytes.fromhex(_DEBUG_CONTROL), 16)
    create = ctypes.WinDLL("dbgeng", handle=engine).DebugCreate if engine else None
    if create is None or create(identity, ctypes.byref(control)) != 0:
        yield lambda: False
        return
    table = ctypes.cast(control, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    method = ctypes.WINFUNCTYPE(ctypes.c_long, ctypes.c_void_p)
    get_interrupt, release = method(table[_GET_INTERRUPT]), method(table[_RELEASE])
    try:
        yield lambda: bool(get_interrupt(control) == 0)  # S_OK
    finally:
        release(control)
