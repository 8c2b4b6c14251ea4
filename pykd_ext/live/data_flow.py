"""Which registers an instruction writes, and from where: as much as tracing a value back needs."""

from __future__ import annotations

from typing import NamedTuple

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, Operand, Register
from ..target.architecture import ARCHITECTURES

__all__ = [
    "CallSite",
    "Location",
    "Step",
    "Test",
    "is_in_frame",
    "place_of",
    "step_of",
]

_MOVES = ("mov", "movsxd", "movzx", "movsx", "ldr", "ldrb", "ldrsw", "ldur", "ldursw", "sxtw")


class Location(NamedTuple):
    """A register, or with an ``offset`` the memory at that distance from what it holds."""

    register: str
    offset: int | None = None


class CallSite(NamedTuple):
    """A call of a callback at the VA ``call``, which returns to ``back``.

    There ``block`` leads to the callback block (None: nothing there does, but the thread's list of
    active callbacks), ``notify_class`` to the class and ``information`` to the documented
    REG_*_INFORMATION, for internal callbacks too.
    """

    call: int
    back: int
    block: Location | None
    notify_class: Location
    information: Location


def is_in_frame(place: Location, architecture: str) -> bool:
    """Whether it is in the stack frame of the function, where what it calls does not write."""
    processor = ARCHITECTURES[architecture]
    if place.offset is None:
        return False
    if place.register == processor.stack_pointer:
        return not processor.home or place.offset >= processor.home
    return place.register == processor.frame_pointer


class Test(NamedTuple):
    """A comparison of ``place & mask`` with zero."""

    place: Location
    mask: int


class Step(NamedTuple):
    """One instruction.

    ``moves``: registers that become a copy of a place; ``clobbered``: all that change. ``choice``:
    for a conditional move the register, what it becomes where the last test gave zero, and else
    (None: what it was). ``target`` is where a jump goes, ``callee`` what a call calls.
    ``jumps_if_zero``: a jump that is taken where the last test gave zero, and else is not;
    ``jumps_if_not_zero`` the other way round. ``taken``: on the way that is looked at it is.
    """

    address: int
    end: int
    moves: dict[str, Location]
    clobbered: frozenset[str]
    pushed: Location | None = None
    test: Test | None = None
    choice: tuple[str, Location | None, Location | None] | None = None
    is_call: bool = False
    callee: Location | None = None
    is_jump: bool = False
    target: int | None = None
    jumps_if_zero: bool = False
    jumps_if_not_zero: bool = False
    taken: bool = False


def step_of(instruction: Instruction) -> Step:
    """What ``instruction`` does with places."""
    operands, name = instruction.operands, instruction.mnemonic
    places = [place_of(each) for each in operands]
    is_call = instruction.flow == "call"
    is_jump = not is_call and instruction.flow != ""
    return Step(
        instruction.address,
        instruction.end,
        _moves(instruction, places),
        instruction.written,
        pushed=places[0] if name == "push" else None,
        test=_test(instruction, places),
        choice=_choice(instruction, places),
        is_call=is_call,
        callee=places[0] if is_call and places and instruction.target is None else None,
        is_jump=is_jump,
        target=instruction.target if is_jump else None,
        jumps_if_zero=is_jump and name in ("je", "tbz", "b.eq"),
        jumps_if_not_zero=is_jump and name in ("jne", "tbnz", "b.ne"),
    )


def place_of(operand: Operand) -> Location | None:
    """None for a number, and for memory that an index or a segment has a part in."""
    if isinstance(operand, Register):
        return Location(operand.name)
    if isinstance(operand, MemoryOperand) and not operand.indexed_by and not operand.segment:
        return Location(operand.base or "none", operand.displacement)
    return None


def _moves(instruction: Instruction, places: list[Location | None]) -> dict[str, Location]:
    name, operands = instruction.mnemonic, instruction.operands
    if len(operands) == 2 and isinstance(operands[0], Register) and name in _MOVES:
        source = places[1]
        is_kept = operands[0].name in instruction.written and not _writes_back(instruction)
        return {operands[0].name: source} if source and is_kept else {}
    if name == "ldp" and len(operands) == 3 and not _writes_back(instruction):
        first, second, memory = operands
        if isinstance(first, Register) and isinstance(second, Register):
            assert isinstance(memory, MemoryOperand)
            base, offset = memory.base or "none", memory.displacement
            return {
                first.name: Location(base, offset),
                second.name: Location(base, offset + first.size),
            }
    return {}


def _writes_back(instruction: Instruction) -> bool:
    """Whether a load changes the register that it goes by."""
    loads = [each for each in instruction.operands if isinstance(each, MemoryOperand)]
    results = {each.name for each in instruction.operands if isinstance(each, Register)}
    return any(each.base in instruction.written and each.base not in results for each in loads)


def _test(instruction: Instruction, places: list[Location | None]) -> Test | None:
    operands, name = instruction.operands, instruction.mnemonic
    if name in ("test", "tst", "tbz", "tbnz") and places[0] and isinstance(operands[1], Immediate):
        value = operands[1].value
        return Test(places[0], 1 << value if name.startswith("tb") else value)
    return None


def _choice(
    instruction: Instruction, places: list[Location | None]
) -> tuple[str, Location | None, Location | None] | None:
    operands, condition = instruction.operands, instruction.condition
    if instruction.flow or condition not in ("e", "ne") or not operands:
        return None
    if not isinstance(operands[0], Register) or len(operands) not in (2, 3):
        return None
    yes, no = (places[1], None) if len(operands) == 2 else (places[1], places[2])
    is_choice = instruction.mnemonic == "csel" or instruction.mnemonic.startswith("cmov")
    if not is_choice:
        return None
    return (operands[0].name, yes, no) if condition == "e" else (operands[0].name, no, yes)
