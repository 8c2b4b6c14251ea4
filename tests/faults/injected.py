"""Requests to a dump that fail: the n-th, or every n-th."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, NamedTuple
from unittest.mock import patch

from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import (
    MemoryUnreadable,
    RegisterUnavailable,
    SymbolNotFound,
    TypeNotFound,
)

__all__ = ["KINDS", "Fault", "requests_counted"]


def _no_memory(address: int, size: int) -> None:
    raise MemoryUnreadable(address, size)


def _no_symbol(name: str, module: str = "nt") -> None:
    raise SymbolNotFound(name, module, _WHY)


def _no_name(_: int) -> None:
    """What a target without a name answers."""


def _no_type(type_name: str, field: str, module: str = "nt") -> None:
    raise TypeNotFound(f"{type_name}.{field}", module)


def _no_register(name: str = "current thread") -> None:
    raise RegisterUnavailable(name, _WHY)


_WHY = "the test has it fail"

# The methods of a target, and how each fails (pykd_ext.target.protocol).
KINDS: dict[str, Callable[..., None]] = {
    "read": _no_memory,
    "symbol": _no_symbol,
    "nearest_symbol": _no_name,
    "field_offset": _no_type,
    "register": _no_register,
    "current_thread": _no_register,
}


class Fault(NamedTuple):
    """The ``nth`` request of a kind fails, from 1; ``again``: and each of its multiples."""

    kind: str
    nth: int
    again: bool = False

    def __str__(self) -> str:
        return f"{'every ' if self.again else ''}{self.kind} {self.nth}"

    def strikes(self, number: int) -> bool:
        return number % self.nth == 0 if self.again else number == self.nth


@contextmanager
def requests_counted(fault: Fault | None = None) -> Iterator[dict[str, int]]:
    """Counts the requests to every dump that is opened in the block, by kind; ``fault`` strikes."""
    counts = dict.fromkeys(KINDS, 0)

    def counted(kind: str) -> Callable[..., Any]:
        method = getattr(CrashDump, kind)

        def ask(target: CrashDump, *arguments: Any) -> Any:
            counts[kind] += 1
            if fault and fault.kind == kind and fault.strikes(counts[kind]):
                return KINDS[kind](*arguments)
            return method(target, *arguments)

        return ask

    with ExitStack() as stack:
        for kind in KINDS:
            stack.enter_context(patch.object(CrashDump, kind, counted(kind)))
        yield counts
