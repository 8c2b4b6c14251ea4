"""Where a function leaves by a return instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.instructions import LONGEST, Instruction, decode
from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["return_instructions"]

_MOST = 4  # more would cost more than the one place that all callbacks return to
_LIMIT = 4000  # instructions that are looked at


def return_instructions(target: Target, function: int) -> list[int]:
    """The VAs of all return instructions that the code at the VA ``function`` can come to.

    In order. Empty where that is not known (it jumps through a register or a table, is very long,
    or is partly unreadable), and where there are more than four.
    """
    seen: set[int] = set()
    returns: set[int] = set()
    to_do = [function]
    while to_do:
        address = to_do.pop()
        if address in seen:
            continue
        seen.add(address)
        instruction = _at(target, address)
        if instruction is None or len(seen) > _LIMIT:
            return []
        if instruction.flow == "return":
            returns.add(address)
        if instruction.flow == "jump":
            if instruction.target is None:
                return []
            to_do.append(instruction.target)
        if instruction.goes_on:
            to_do.append(instruction.end)
    return sorted(returns) if len(returns) <= _MOST else []


def _at(target: Target, address: int) -> Instruction | None:
    for size in (LONGEST, PAGE - address % PAGE):
        try:
            code = target.memory.read(address, size)
        except MemoryUnreadable:
            continue
        return next(decode(target.architecture, code, address, 1), None)
    return None
