"""The calls of callbacks, by nt!CmpCallbackFillObjectContext.

Every kernel from Windows 7 to 11 26H1 that was read calls it with the class, the documented
structure and the address of the block's cookie right before each callback, before and after the
operation, and the next call on every path is that of the callback (SOURCES 3.1). So what is called
there, directly or through any dispatcher, does not matter, nor how an internal callback's argument
is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, Operand, Register
from ..target.errors import SymbolNotFound
from .data_flow import NON_VOLATILE, CallSite, Place, is_in_frame, place_of

if TYPE_CHECKING:
    from ..kernel.layouts import BlockLayout
    from ..target import Target
    from .control_flow import Flow

__all__ = ["sites_by_fill"]

_FILL = "CmpCallbackFillObjectContext"
_ARGUMENTS = {"x64": ("rcx", "rdx", "r8"), "arm64": ("x0", "x1", "x2")}
_RESULTS = {"x64": "rax", "x86": "eax", "arm64": "x0"}
_BETWEEN = 120  # instructions from it to the callback, on all paths
_BEFORE = 60  # that are looked at before it
_COPIES = ("mov", "movsxd", "movzx", "movsx", "ldr", "ldrsw", "ldur", "ldursw", "sxtw")


class _Way(NamedTuple):
    """From the fill to the callback: the calls, and what is run before them."""

    calls: list[Instruction]
    between: list[Instruction]


def sites_by_fill(target: Target, flow: Flow, layout: BlockLayout) -> list[CallSite]:
    """Empty where that function is not known, is not called, or where one of the callbacks that
    follow it cannot be told with all its arguments."""
    try:
        fill = target.symbol(_FILL)
    except SymbolNotFound:
        return []
    sites: list[CallSite] = []
    for instruction in flow.instructions.values():
        if instruction.flow == "call" and instruction.target == fill:
            found = list(_Fill(target.architecture, flow, layout, instruction).sites())
            if not found:
                return []
            sites += found
    return sorted(set(sites), key=lambda site: site.call)


class _Fill:
    """One call of it, and what follows."""

    def __init__(
        self, architecture: str, flow: Flow, layout: BlockLayout, call: Instruction
    ) -> None:
        self._architecture, self._flow, self._layout = architecture, flow, layout
        self._call = call
        self._before = list(self._straight())
        self._way = self._follow(call.end)

    def sites(self) -> Iterator[CallSite]:
        """Of every call that the callback may be called by, the direct one of the kernel's own
        callback too; none where something is missing."""
        way = self._way
        if way is None or not way.calls:
            return
        notify_class = self._lasting(0) or self._of_callback(1)
        information = self._lasting(1) or self._of_callback(2)
        block = self._lasting(2, self._layout.cookie) or self._of_block()
        if notify_class is None or information is None:
            return
        backs = frozenset(call.end for call in way.calls)
        for call in way.calls:
            if not self._comes_to(call.end, backs - {call.end}):
                yield CallSite(call.address, call.end, block, notify_class, information)

    def _comes_to(self, address: int, backs: frozenset[int]) -> bool:
        """Whether one call's return always goes on to where another returns, which sees it too."""
        for _ in range(_BEFORE):
            instruction = self._flow.instructions.get(address)
            if address in backs:
                return True
            following = self._flow.successors.get(address, ())
            if instruction is None or instruction.flow == "call" or len(following) != 1:
                return False
            if _RESULTS[self._architecture] in instruction.written:
                return False
            address = following[0]
        return False

    def _straight(self) -> Iterator[Instruction]:
        """What comes before it and always does, the last first."""
        address = self._call.address
        for _ in range(_BEFORE):
            sources = self._flow.predecessors.get(address, ())
            if len(sources) != 1:
                return
            address = sources[0]
            instruction = self._flow.instructions[address]
            if instruction.flow == "call":
                return
            yield instruction

    def _follow(self, start: int) -> _Way | None:
        """None where a path leaves the function first, or is too long."""
        way = _Way([], [])
        seen: set[int] = set()
        to_do = [start]
        while to_do:
            address = to_do.pop()
            instruction = self._flow.instructions.get(address)
            if address in seen:
                continue
            seen.add(address)
            if instruction is None or len(seen) > _BETWEEN:
                return None
            following = self._flow.successors.get(address, ())
            if instruction.flow == "call" and not self._is_check(instruction):
                way.calls.append(instruction)
                continue
            if instruction.flow == "trap":
                continue
            if not following:
                return None
            way.between.append(instruction)
            to_do += following
        return way

    def _is_check(self, call: Instruction) -> bool:
        """Whether it is the control flow guard's check of a target, which is called after it: of
        that nothing is used, while of a callback's the status is."""
        result = _RESULTS[self._architecture]
        if self._architecture == "x86":
            callee = call.operands[0]
            return isinstance(callee, MemoryOperand) and callee.address is not None
        address = call.end
        for _ in range(12):
            instruction = self._flow.instructions.get(address)
            if instruction is None or instruction.flow in ("return", "trap"):
                return False
            if instruction.flow == "call":
                return instruction.target is None or call.target is None
            if instruction.flow == "jump" and instruction.condition:
                return False
            if _reads(instruction, result):
                return False
            address = instruction.end if instruction.goes_on else instruction.target or 0
        return False

    def _lasting(self, argument: int, add: int = 0) -> Place | None:
        """Where the fill's argument, less ``add``, is found once the callback is back."""
        if self._architecture != "x86":
            return self._value(_ARGUMENTS[self._architecture][argument], 0, add)
        pushes = [depth for depth, each in enumerate(self._before) if _pushes(each)]
        if len(pushes) <= argument:
            return None
        depth = pushes[argument]
        return self._of_operand(self._before[depth].operands[0], depth + 1, add)

    def _of_operand(self, operand: Operand, depth: int, add: int) -> Place | None:
        if isinstance(operand, Register):
            return self._value(operand.name, depth, add)
        return None if add else self._slot(place_of(operand), depth)

    def _value(self, register: str, depth: int, add: int) -> Place | None:
        """A place with what ``register`` holds behind ``before[depth]``, less ``add``."""
        for index in range(depth, len(self._before) + 1):
            if not add and self._lasts(register, index):
                return Place(register)
            if index == len(self._before):
                break
            instruction = self._before[index]
            if register not in instruction.written:
                continue
            source = _source(instruction)
            if source is None:
                return None
            place, more = source
            add -= more
            if place.offset is not None:
                return None if add else self._slot(place, index + 1)
            register = place.register
        return None

    def _lasts(self, register: str, depth: int) -> bool:
        """Whether ``register`` has behind the callback what it has behind ``before[depth]``."""
        if register not in NON_VOLATILE[self._architecture]:
            return False
        between = self._way.between if self._way else []
        return not any(register in each.written for each in [*self._before[:depth], *between])

    def _slot(self, place: Place | None, depth: int) -> Place | None:
        """A slot of the frame that ``before[depth - 1]`` has named, as it is named once the
        callback is back: what was pushed for the fill is gone then."""
        if place is None or place.offset is None or not is_in_frame(place, self._architecture):
            return None
        later = [*self._before[:depth], *(self._way.between if self._way else [])]
        if any(place.register in each.written and not _pushes(each) for each in later):
            return None
        stored = [each for instruction in later for each in _stored(instruction)]
        if place.register != "esp":
            return None if place in stored else place
        if any(each and each.register == "esp" for each in stored):
            return None  # which of its slots depends on what is pushed
        pushes = [index for index, each in enumerate(self._before) if _pushes(each)][:3]
        return Place("esp", place.offset - 4 * sum(index >= depth for index in pushes))

    def _of_callback(self, argument: int) -> Place | None:
        """A lasting place of the callback's own argument, where that is set once."""
        between = self._way.between if self._way else []
        if self._architecture == "x86":
            pushes = [each for each in between if _pushes(each)]
            place = place_of(pushes[2 - argument].operands[0]) if len(pushes) == 3 else None
            if place and place.register == "esp" and place.offset is not None:
                place = Place("esp", place.offset - 4 * (2 - argument))
        else:
            name = _ARGUMENTS[self._architecture][argument]
            setting = [each for each in between if name in each.written]
            source = _source(setting[0]) if len(setting) == 1 else None
            place = source[0] if source and not source[1] else None
        if place is None or place.offset is not None:
            return self._slot(place, 0) if place and place.register != "esp" else place
        return place if self._lasts(place.register, 0) else None

    def _of_block(self) -> Place | None:
        """The register that Function is loaded by."""
        way = self._way
        if way is None:
            return None
        for each in [*way.between, *way.calls]:
            for operand in each.operands:
                if isinstance(operand, MemoryOperand) and not operand.indexed_by:
                    is_function = operand.displacement == self._layout.function
                    if is_function and operand.base and self._lasts(operand.base, 0):
                        return Place(operand.base)
        return None


def _source(instruction: Instruction) -> tuple[Place, int] | None:
    """What its first operand becomes: a copy of a place, and what is added to that."""
    name, operands = instruction.mnemonic, instruction.operands
    if name in _COPIES and len(operands) == 2:
        place = place_of(operands[1])
        return (place, 0) if place else None
    if name == "lea" and isinstance(operands[1], MemoryOperand):
        base = operands[1].base
        if base and not operands[1].indexed_by and operands[1].address is None:
            return Place(base), operands[1].displacement
    if name == "add" and isinstance(operands[-1], Immediate):
        left = operands[-2]
        return (Place(left.name), operands[-1].value) if isinstance(left, Register) else None
    return None


def _pushes(instruction: Instruction) -> bool:
    return instruction.mnemonic == "push"


def _stored(instruction: Instruction) -> list[Place | None]:
    return [
        place_of(each)
        for each in instruction.operands
        if isinstance(each, MemoryOperand) and each.changed
    ]


def _reads(instruction: Instruction, register: str) -> bool:
    """Whether it uses what ``register`` holds, and does not only replace that."""
    replaces = instruction.mnemonic in (*_COPIES, "lea", "adrp", "ldp")
    for index, each in enumerate(instruction.operands):
        if isinstance(each, MemoryOperand) and register in (each.base, each.indexed_by):
            return True
        is_result = replaces and index == 0
        if isinstance(each, Register) and each.name == register and not is_result:
            return True
    return False
