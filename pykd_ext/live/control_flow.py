"""A function's instructions, and what can come behind each of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.instructions import LONGEST, Instruction, decode
from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Flow", "flow_of", "instruction_at"]

_LIMIT = 4000  # instructions that are looked at
_NEAR = 0x2000  # bytes of a function's first part


class Flow(NamedTuple):
    """``instructions`` by VA; ``successors`` and ``predecessors`` as VAs of theirs. ``is_whole`` is
    False where something can come that is not here: a jump through a register or a table, memory
    that is not there, more than is looked at."""

    instructions: dict[int, Instruction]
    successors: dict[int, tuple[int, ...]]
    predecessors: dict[int, tuple[int, ...]]
    is_whole: bool

    @property
    def start(self) -> int:
        """The function's VA."""
        return next(iter(self.instructions), 0)

    def reachable(self, start: int, avoided: frozenset[int] = frozenset()) -> set[int]:
        """Everything that can come from ``start`` on, itself included, not through ``avoided``."""
        return _closure(self.successors, start, avoided)

    def leading_to(self, end: int) -> set[int]:
        """Everything from where ``end`` can be reached, itself included."""
        return _closure(self.predecessors, end, frozenset())


def flow_of(target: Target, function: int) -> Flow:
    """Of the code at the VA ``function``, wherever its parts lie."""
    instructions: dict[int, Instruction] = {}
    successors: dict[int, tuple[int, ...]] = {}
    gaps = _Gaps(function)
    is_whole = True
    looked_at: set[int] = set()
    to_do = [function]
    while to_do or (to_do := gaps.take()):
        address = to_do.pop()
        if address in looked_at:
            continue
        looked_at.add(address)
        instruction = instruction_at(target, address) if len(instructions) < _LIMIT else None
        if instruction is None:
            is_whole = False
            continue
        instructions[address] = instruction
        gaps.note(instruction)
        following = [instruction.end] if instruction.goes_on else []
        if instruction.flow == "jump":
            if instruction.target is None:
                is_whole = False
            else:
                following.append(instruction.target)
        successors[address] = tuple(following)
        to_do += following
    return Flow(instructions, successors, _reversed(successors), is_whole)


class _Gaps:
    """What lies behind a jump or return in the midst of a function that jumps by a table: what a
    switch leads to is found by no instruction. It may be the table, and no code."""

    def __init__(self, function: int) -> None:
        self._function = self._furthest = function
        self._starts: list[int] = []
        self._has_table = False

    def note(self, instruction: Instruction) -> None:
        """One more of the function's."""
        if instruction.flow == "jump" and not instruction.target:
            self._has_table = True
        if not 0 <= instruction.address - self._function < _NEAR:
            return
        self._furthest = max(self._furthest, instruction.address)
        if not instruction.goes_on and instruction.flow != "trap":
            self._starts.append(instruction.end)

    def take(self) -> list[int]:
        """Where those start that are known by now, each once."""
        if not self._has_table:
            return []
        found = [each for each in self._starts if each < self._furthest]
        self._starts = [each for each in self._starts if each >= self._furthest]
        return found


def _reversed(successors: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for address, following in successors.items():
        for each in following:
            found[each].append(address)
    return {address: tuple(before) for address, before in found.items()}


def _closure(edges: dict[int, tuple[int, ...]], start: int, avoided: frozenset[int]) -> set[int]:
    found: set[int] = set()
    to_do = [start]
    while to_do:
        address = to_do.pop()
        if address not in found and address not in avoided:
            found.add(address)
            to_do += edges.get(address, ())
    return found


def instruction_at(target: Target, address: int) -> Instruction | None:
    """The one at the VA ``address``, None where there is none or no memory."""
    for size in (LONGEST, PAGE - address % PAGE):
        try:
            code = target.memory.read(address, size)
        except MemoryUnreadable:
            continue
        return next(decode(target.architecture, code, address, 1), None)
    return None
