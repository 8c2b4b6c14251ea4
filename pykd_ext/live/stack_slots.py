"""Slots of a function's stack frame: what x86 code that has no frame pointer calls them while esp
moves, and which of them has what a register has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, Register
from ..target.architecture import ARCHITECTURES
from .data_flow import Location, is_in_frame, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .control_flow import Flow

__all__ = ["CALLBACK_ARGUMENTS", "heights", "home_of", "stored_by"]

CALLBACK_ARGUMENTS = 12  # bytes, which whoever is called takes off the stack (__stdcall)

_COPIES = ("mov", "ldr", "ldur", "str", "stur")


def heights(
    flow: Flow, call: Instruction, before: list[Instruction], between: Iterable[Instruction]
) -> dict[int, int]:
    """How many bytes x86 code has pushed in front of each instruction, counted from where the stack
    is when ``call``, which takes its arguments off, is back.

    ``before`` runs up to it, the last first, ``between`` behind it, on all paths; a call in there
    takes nothing off. An instruction is missing where esp is not known; all are where two paths
    come with different ones.
    """
    found = {call.address: CALLBACK_ARGUMENTS}
    height = CALLBACK_ARGUMENTS
    for each in before:
        grown = _growth(each)
        if grown is None:
            break
        height -= grown
        found[each.address] = height
    inside = {each.address: each for each in between}
    to_do = [(call.end, 0)]
    while to_do:
        address, height = to_do.pop()
        if found.setdefault(address, height) != height:
            return {}
        grown = _growth(inside[address]) if address in inside else None
        if grown is not None:
            to_do += (
                (each, height + grown)
                for each in flow.successors[address]
                if each not in found or found[each] != height + grown
            )
    return found


def _growth(instruction: Instruction) -> int | None:
    """The bytes that it puts on the stack; None where that cannot be told."""
    name, operands = instruction.mnemonic, instruction.operands
    if name in ("push", "pop"):
        return 4 if name == "push" else -4
    if instruction.flow == "call" or "esp" not in instruction.written:
        return 0
    source = operands[-1] if len(operands) == 2 else None
    if name in ("add", "sub") and isinstance(source, Immediate):
        number = source.value - (source.value >> 31 << 32)
        return number if name == "sub" else -number
    if name == "lea" and isinstance(source, MemoryOperand):
        return -source.displacement if source.base == "esp" and not source.indexed_by else None
    return None


def stored_by(instruction: Instruction) -> list[Location | None]:
    """Where in memory it writes; None for a place that cannot be told."""
    return [
        place_of(each)
        for each in instruction.operands
        if isinstance(each, MemoryOperand) and each.changed
    ]


def home_of(flow: Flow, architecture: str, register: str, address: int) -> Location | None:
    """The slot that has what the register, one that calls preserve, holds right before the
    instruction at ``address``: on every way there the one was copied to the other."""
    instructions = flow.instructions.values()
    slots = {
        place
        for each in instructions
        for place in _copied(each, architecture, register)
        if place.register != "esp" and is_in_frame(place, architecture)
    }
    escaped = {place_of(each.operands[1]) for each in instructions if each.mnemonic == "lea"}
    for slot in sorted(slots - escaped):
        if flow.is_whole and _is_home(flow, architecture, register, slot, address):
            return slot
    return None


def _copied(instruction: Instruction, architecture: str, register: str) -> set[Location]:
    """The memory that it copies the whole register to, or from."""
    operands = instruction.operands
    if instruction.mnemonic not in _COPIES or len(operands) != 2:
        return set()
    size = ARCHITECTURES[architecture].pointer_size
    if not any(isinstance(each, Register) and each == (register, size) for each in operands):
        return set()
    memory = [each for each in operands if isinstance(each, MemoryOperand) and each.size == size]
    return {place for place in map(place_of, memory) if place}


def _is_home(flow: Flow, architecture: str, register: str, slot: Location, address: int) -> bool:
    seen = {address}
    to_do = [address]
    while to_do:
        at = to_do.pop()
        if at == flow.start:
            return False
        for source in flow.predecessors.get(at, ()):
            instruction = flow.instructions[source]
            if slot in _copied(instruction, architecture, register):
                continue
            moves = slot.register in instruction.written and instruction.flow != "call"
            if moves or register in instruction.written or slot in stored_by(instruction):
                return False
            if source not in seen:
                seen.add(source)
                to_do.append(source)
    return True
