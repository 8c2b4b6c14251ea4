"""Where a function leaves by a return instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .control_flow import flow_of

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["return_instructions"]

_MOST = 4  # more would cost more than the one place that all callbacks return to


def return_instructions(target: Target, function: int) -> list[int]:
    """The VAs of all return instructions that the code at the VA ``function`` can come to.

    In order. Empty where that is not known (it jumps through a register or a table, is very long,
    or is partly unreadable), and where there are more than four.
    """
    flow = flow_of(target, function)
    found = [each.address for each in flow.instructions.values() if each.flow == "return"]
    return sorted(found) if flow.is_whole and len(found) <= _MOST else []
