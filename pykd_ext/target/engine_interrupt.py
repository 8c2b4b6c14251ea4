"""Whether the user wants a running command to end: what WinDbg's Ctrl+Break, and kd's Ctrl+C, tell
the debugger engine.

The engine breaks in by itself then, but not where breakpoints are hit all the time; in a target in
which nothing happens up to four seconds later: so long dbgeng 10.0.15063 waits for an answer over
COM and TCP. The pykd bootstrapper asks the engine too, every 250 ms (InterruptWatch in pykd-ext,
sources/windbgext.cpp), and tells Python's main interpreter, not the one of its own that a script
runs in: nobody hears it there, and at the end of the command the bootstrapper waits for that for
ever. So it is call stack, more often, and what waits in the main interpreter is let out.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

__all__ = ["POLL", "main_interpreter_was_told", "user_interrupts"]

POLL = 0.02  # seconds; one time in twelve the bootstrapper is faster

_DEBUG_CONTROL = "68e682515e106e41ad9224ef800424ba"  # dbgeng.h: IID_IDebugControl, as memory has it
_RELEASE, _GET_INTERRUPT = 2, 3  # in its table of functions

_askers: list[object] = []  # the last of them is the one to be told


@contextmanager
def user_interrupts() -> Iterator[Callable[[], bool]]:
    """A question for the engine of this process, for one thread: whether the user has interrupted
    it since the last time. Nobody ever has where there is no engine, and nobody who asked before
    hears of it until this is over."""
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
    asker = object()
    _askers.append(asker)
    try:
        yield lambda: _askers[-1] is asker and bool(get_interrupt(control) == 0)  # S_OK
    finally:
        _askers.remove(asker)
        release(control)


_FUNCTION = ctypes.CFUNCTYPE(None)


def main_interpreter_was_told() -> bool:
    """Whether the bootstrapper has told Python's main interpreter of an interrupt, which is let out
    there. For the thread of the debugger's commands.

    A function that C calls runs in the main interpreter (PyGILState_Ensure), which does first what
    waits to be done there: it raises, and the function does not come to its end.
    """
    if sys.platform != "win32":
        return False
    came_through = []

    def function() -> None:
        try:  # noqa: SIM105 - suppress() comes too late
            came_through.append(True)
        except SystemExit:
            pass

    called_by_c = _FUNCTION(function)
    _FUNCTION(ctypes.cast(called_by_c, ctypes.c_void_p).value or 0)()
    return not came_through
