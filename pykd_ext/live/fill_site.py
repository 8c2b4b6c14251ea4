"""The calls of callbacks, by nt!CmpCallbackFillObjectContext.

Every kernel from Windows 7 to 11 26H1 that was read calls it with the class, the documented
structure and the address of the block's cookie right before each callback, before and after the
operation, and the next call on every path is that of the callback (SOURCES 3.1). So what is called
there, directly or through any dispatcher, does not matter, nor how an internal callback's argument
is chosen. Vista and 7 give it its arguments in registers that no convention names: there it is what
the callback is given that counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, Register
from ..target.architecture import ARCHITECTURES
from ..target.errors import SymbolNotFound
from .data_flow import CallSite, Location, is_in_frame, place_of
from .stack_slots import CALLBACK_ARGUMENTS, heights, home_of, stored_by

if TYPE_CHECKING:
    from ..kernel.layouts import BlockLayout
    from ..target import Target
    from .control_flow import Flow

__all__ = ["sites_by_fill"]

_FILL = "CmpCallbackFillObjectContext"
_BETWEEN = 120  # instructions from it to the callback, on all paths
_BEFORE = 60  # that are looked at before it
_COPIES = ("mov", "movsxd", "movzx", "movsx", "ldr", "ldrsw", "ldur", "ldursw", "sxtw")


class _Way(NamedTuple):
    """From the fill to the callback: the calls, and what is run before them."""

    calls: list[Instruction]
    between: list[Instruction]


class _Run(NamedTuple):
    """What runs up to a call at ``call``, the last first, and, ``after`` it, until the callback."""

    before: list[Instruction]
    after: list[Instruction]
    call: int


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
        self._before = self._straight(call.address)
        self._way = self._follow(call.end)
        between = self._way.between if self._way else []
        self._heights = heights(flow, call, self._before, between)

    def sites(self) -> Iterator[CallSite]:
        """Of every call that the callback may be called by, the direct one of the kernel's own
        callback too; none where something is missing."""
        way = self._way
        if way is None or not way.calls:
            return
        run = _Run(self._before, way.between, self._call.address)
        notify_class = self._lasting(run, 0) or self._of_callback(1)
        information = self._lasting(run, 1) or self._of_callback(2)
        block = self._lasting(run, 2, self._layout.cookie) or self._of_block(run)
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
            if ARCHITECTURES[self._architecture].result in instruction.written:
                return False
            address = following[0]
        return False

    def _straight(self, address: int) -> list[Instruction]:
        """What comes before a call and always does, the last first, as far back as another."""
        found: list[Instruction] = []
        while len(found) < _BEFORE:
            sources = self._flow.predecessors.get(address, ())
            if len(sources) != 1 or address == self._flow.start:
                break
            address = sources[0]
            instruction = self._flow.instructions[address]
            if instruction.flow == "call":
                break
            found.append(instruction)
        return found

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
        result = ARCHITECTURES[self._architecture].result
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

    def _lasting(self, run: _Run, argument: int, add: int = 0) -> Location | None:
        """Where the call's argument, less ``add``, is found once the callback is back."""
        registers = ARCHITECTURES[self._architecture].arguments
        if registers:
            return self._value(run, registers[argument], 0, add)
        pushes = [depth for depth, each in enumerate(run.before) if each.mnemonic == "push"]
        if len(pushes) <= argument:
            return None
        depth = pushes[argument]
        operand = run.before[depth].operands[0]
        if isinstance(operand, Register):
            return self._value(run, operand.name, depth + 1, add)
        return None if add else self._slot(run, place_of(operand), depth + 1)

    def _of_callback(self, argument: int) -> Location | None:
        """A lasting place of the callback's own argument, where it is that at every call.

        The structure is one for all callbacks only where nothing was chosen behind the fill.
        """
        calls, between = self._way or _Way([], [])
        after = between if argument == 2 else []
        runs = [_Run(self._straight(call.address), after, call.address) for call in calls]
        found = {self._lasting(run, argument) for run in runs}
        return found.pop() if len(found) == 1 else None

    def _value(self, run: _Run, register: str, depth: int, add: int) -> Location | None:
        """A place with what ``register`` holds behind ``run.before[depth]``, less ``add``."""
        overwritten: dict[str, int] = {}
        for index in range(depth, len(run.before) + 1):
            if not add and register in ARCHITECTURES[self._architecture].non_volatile:
                if self._lasts(run, register, index):
                    return Location(register)
                overwritten.setdefault(register, index)
            if index == len(run.before):
                break
            instruction = run.before[index]
            if register not in instruction.written:
                continue
            source = _source(instruction)
            if source is None:
                break
            place, more = source
            add -= more
            if place.offset is not None:
                return None if add else self._slot(run, place, index + 1)
            register = place.register
        homes = (self._home(run, *each) for each in overwritten.items())
        return next((each for each in homes if each), None)

    def _home(self, run: _Run, register: str, depth: int) -> Location | None:
        """A slot with what ``register``, which is used for something else until the callback is
        back, holds behind ``before[depth]``."""
        at = run.before[depth - 1].address if depth else run.call
        return self._slot(run, home_of(self._flow, self._architecture, register, at), depth)

    def _lasts(self, run: _Run, register: str, depth: int) -> bool:
        """Whether ``register`` has behind the callback what it has behind ``before[depth]``."""
        if register not in ARCHITECTURES[self._architecture].non_volatile:
            return False
        return not any(register in each.written for each in [*run.before[:depth], *run.after])

    def _slot(self, run: _Run, place: Location | None, depth: int) -> Location | None:
        """A slot of the frame that ``before[depth - 1]`` has named, as it is named once the
        callback is back, if nothing is stored there until then."""
        if place is None or not is_in_frame(place, self._architecture):
            return None
        later = [*run.before[:depth], *run.after]
        if place.register == "esp":
            named_at = run.before[depth - 1].address if depth else run.call
            return self._slot_by_height(place, named_at, later)
        moves = any(place.register in each.written and each.flow != "call" for each in later)
        stored = (each for instruction in later for each in stored_by(instruction))
        return None if moves or place in stored else place

    def _slot_by_height(
        self, place: Location, named_at: int, later: list[Instruction]
    ) -> Location | None:
        """The same where it is named by esp, which pushes move."""
        height = self._heights.get(named_at)
        calls = self._way.calls if self._way else ()
        backs = {self._heights.get(call.address) for call in calls}
        back = backs.pop() if len(backs) == 1 else None
        if height is None or back is None or place.offset is None or place.offset < height:
            return None  # one below is an argument that is gone
        slot = place.offset - height
        for each in later:
            at = self._heights.get(each.address)
            if at is not None and Location("esp", slot + at) in stored_by(each):
                return None
        return Location("esp", slot + back - CALLBACK_ARGUMENTS)

    def _of_block(self, run: _Run) -> Location | None:
        """The register that Function and Context are loaded by, or where it was loaded from."""
        calls, between = self._way or _Way([], [])
        contexts = set(_bases([*between, *calls], self._layout.caller_context))
        for base in _bases([*between, *calls], self._layout.function):
            if base in contexts and self._lasts(run, base, 0):
                return Location(base)
        found = {self._of_called_block(call, contexts) for call in calls}
        return found.pop() if len(found) == 1 else None

    def _of_called_block(self, call: Instruction, contexts: set[str]) -> Location | None:
        run = _Run(self._straight(call.address), [], call.address)
        for depth, each in enumerate([call, *run.before]):
            for base in _bases([each], self._layout.function):
                if base in contexts:
                    return self._value(run, base, depth, 0)
        return None


def _bases(instructions: Iterable[Instruction], offset: int) -> Iterator[str]:
    """The registers that they go by to memory at ``offset``."""
    for each in instructions:
        for place in map(place_of, each.operands):
            if place and place.offset == offset:
                yield place.register


def _source(instruction: Instruction) -> tuple[Location, int] | None:
    """What its first operand becomes: a copy of a place, and what is added to that."""
    name, operands = instruction.mnemonic, instruction.operands
    if name in _COPIES and len(operands) == 2:
        place = place_of(operands[1])
        return (place, 0) if place else None
    if name == "lea" and isinstance(operands[1], MemoryOperand):
        base = operands[1].base
        if base and not operands[1].indexed_by and operands[1].address is None:
            return Location(base), operands[1].displacement
    if name == "add" and isinstance(operands[-1], Immediate):
        left = operands[-2]
        return (Location(left.name), operands[-1].value) if isinstance(left, Register) else None
    return None


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
