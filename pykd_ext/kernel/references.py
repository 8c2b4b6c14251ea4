"""Which data a function and those that it calls refer to, by disassembly."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..target.errors import MemoryUnreadable
from .code import read_code
from .held_addresses import HeldAddresses, Reference
from .instructions import LONGEST, Instruction, decode

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Reference", "data_references"]

_FUNCTIONS = 48  # for each start
_DEPTH = 2
_BYTES = 0x800  # of one function
_CHUNK = 0x100


def data_references(target: Target, starts: Iterable[int], low: int, high: int) -> list[Reference]:
    """What the functions at ``starts`` refer to from ``low`` to ``high``; calls are followed two
    deep, within the same range, for all starts by turns. Pages that are not there are passed over.
    """
    found: dict[Reference, None] = {}
    waiting = [_Calls(start) for start in dict.fromkeys(starts)]
    seen: set[int] = set()
    while waiting:
        for calls in list(waiting):
            here = calls.next(seen)
            if here is None:
                waiting.remove(calls)
                continue
            start, depth = here
            code = list(_function(target, start))
            for each in HeldAddresses(target.architecture).references(code):
                if low <= each.address < high:
                    found[each] = None
            if depth:
                leads = _leads_to(code, start)
                calls.add([each for each in leads if low <= each < high], depth - 1)
    return list(found)


class _Calls:
    """The functions that one start leads to, the nearest first."""

    def __init__(self, start: int) -> None:
        self._waiting = deque([(start, _DEPTH)])
        self._left = _FUNCTIONS

    def next(self, seen: set[int]) -> tuple[int, int] | None:
        """One that nobody has ``seen``, and how deep to go on from it; None at the end."""
        while self._waiting and self._left:
            start, depth = self._waiting.popleft()
            if start not in seen:
                seen.add(start)
                self._left -= 1
                return start, depth
        return None

    def add(self, starts: Iterable[int], depth: int) -> None:
        self._waiting.extend((start, depth) for start in starts)


def _function(target: Target, start: int) -> Iterator[Instruction]:
    """Up to the return that no branch leads beyond."""
    furthest = start
    for instruction in _linear(target, start):
        yield instruction
        leads = instruction.target
        if instruction.flow == "jump" and leads is not None and start <= leads < start + _BYTES:
            furthest = max(furthest, leads)
        if not instruction.goes_on and instruction.address >= furthest:
            return


def _linear(target: Target, start: int) -> Iterator[Instruction]:
    address = start
    while address < start + _BYTES:
        try:
            code = read_code(target, address, _CHUNK)
        except MemoryUnreadable:
            return
        last = address
        for instruction in decode(target.architecture, code, address):
            if instruction.address - address > _CHUNK - LONGEST - 1:
                break  # it may be cut off
            yield instruction
            last = instruction.end
        if last == address:
            return
        address = last


def _leads_to(code: Iterable[Instruction], start: int) -> list[int]:
    """Where calls, and jumps out of the function, go."""
    return [
        each.target
        for each in code
        if each.target is not None
        and (each.flow == "call" or not start <= each.target < start + _BYTES)
    ]
