"""Ctrl+Break in the debugger's window ends a command as Ctrl+C does in a terminal."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..target.engine_interrupt import POLL, main_interpreter_was_told, user_interrupts

__all__ = ["ctrl_break"]


@contextmanager
def ctrl_break() -> Iterator[None]:
    """What runs inside gets KeyboardInterrupt, once. While a target runs, that run hears of it
    instead (:mod:`pykd_ext.target.running`)."""
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(threading.get_ident(), over), daemon=True)
    watch.start()
    try:
        yield
    finally:
        _end(watch, over)


def _watch(thread: int, over: threading.Event) -> None:
    with user_interrupts() as is_asked:
        while not over.wait(POLL):
            if is_asked():
                _raise_in(thread)
                return


def _raise_in(thread: int) -> None:
    """signal.raise_signal would reach the main interpreter alone."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt)
    )


def _end(watch: threading.Thread, over: threading.Event) -> None:
    """An interpreter that ends with a thread of its own takes the debugger with it."""
    while True:
        try:
            over.set()
            watch.join()
            break
        except KeyboardInterrupt:  # came late
            continue
    main_interpreter_was_told()
