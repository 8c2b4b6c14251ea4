"""Targets for tests: a lab dump opened as the command line opens it, and one that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.memory import Memory
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import Truth


@contextmanager
def open_dump(truth: Truth) -> Iterator[CrashDump]:
    """The dump with its own symbols."""
    target = CrashDump(truth.path, SymbolPath(truth.symbols))
    try:
        yield target
    finally:
        target.close()


class CountingTarget:
    """A target that counts the requests which would reach a debugger's engine, by kind."""

    _REQUESTS = ("read", "symbol", "nearest_symbol", "field_offset", "register", "current_thread")

    def __init__(self, inner: CrashDump) -> None:
        self._inner = inner
        self.requests: Counter[str] = Counter()
        self.memory = Memory(self)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name not in self._REQUESTS:
            return value

        def counted(*arguments: Any) -> Any:
            self.requests[name] += 1
            return value(*arguments)

        return counted
