"""Where the kernel's code forks over what a callback has said: places that cost nothing as long as
nobody says it.

Behind the call of a pre-notification the status is tested for its sign, and what follows a failure
is reached by a refusal alone (``test ebx,ebx; js``; on 7 ``cmp [status],0; jge``). Behind that of a
post-notification it is compared with STATUS_CALLBACK_BYPASS, by which a callback says that it has
changed the result. And where the loop around that call is left, an operation is over. The status is
followed from the return on, through copies and to wherever it is kept, on every path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..kernel.instructions import Immediate, Instruction
from ..target.architecture import ARCHITECTURES
from .data_flow import Location, place_of
from .policy import STATUS_CALLBACK_BYPASS
from .stack_slots import home_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .call_site import CallSite
    from .control_flow import Flow

__all__ = ["Junction", "Junctions", "find_junctions", "phase_of"]

_PATHS = 400  # steps on all paths from one return
_SIGN_BIT = 31


class Junction(NamedTuple):
    """A place that is reached for one reason alone. There ``status`` is what the callback returned
    (None at the end of an operation), ``block`` leads to the callback block, ``notify_class`` to
    the class and ``information`` to the structure; None where nothing leads there any more."""

    address: int
    status: Location | None
    block: Location | None
    notify_class: Location | None
    information: Location | None


class Junctions(NamedTuple):
    """``refusals``: behind a pre-notification that failed. ``overrulings``: behind a
    post-notification that says it changed the result. ``ends``: behind the last of these, once
    nobody else is told of the operation."""

    refusals: tuple[Junction, ...]
    overrulings: tuple[Junction, ...]
    ends: tuple[Junction, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all three are there, each with what has to be known at it."""
        return all(
            junctions and all(each.notify_class and each.information for each in junctions)
            for junctions in self
        ) and all(each.status for each in self.refusals)


def find_junctions(flow: Flow, sites: list[CallSite], architecture: str) -> Junctions:
    """What is found of them in the function of ``flow``, which calls callbacks at ``sites``."""
    refusals: list[Junction] = []
    overrulings: list[Junction] = []
    ends: list[Junction] = []
    for site in sites:
        search = _Search(flow, site, architecture)
        search.run()
        refusals += search.refusals
        overrulings += search.overrulings
        if search.overrulings:
            ends += _ends(flow, site, architecture)
    return Junctions(tuple(refusals), tuple(overrulings), tuple(ends))


def phase_of(flow: Flow, site: CallSite, architecture: str) -> str:
    """``before`` or ``after`` the operation, by what the status is compared with; empty where that
    is not told."""
    search = _Search(flow, site, architecture)
    search.run()
    if bool(search.refusals) == bool(search.overrulings):
        return ""
    return "before" if search.refusals else "after"


class _State(NamedTuple):
    """On a path: where the status is, what the last comparison was (``sign``, ``bypass``, or
    nothing of interest), and which of a site's places have been overwritten."""

    holding: frozenset[Location]
    compared: str
    lost: frozenset[Location]


class _Search:
    """Follows the status from a call's return to where it is decided over."""

    def __init__(self, flow: Flow, site: CallSite, architecture: str) -> None:
        self._flow, self._site = flow, site
        self._lasting = ARCHITECTURES[architecture].non_volatile
        self._result = ARCHITECTURES[architecture].result
        self._places = frozenset(
            each for each in (site.block, site.notify_class, site.information) if each
        )
        self.refusals: list[Junction] = []
        self.overrulings: list[Junction] = []

    def run(self) -> None:
        start = _State(frozenset([Location(self._result)]), "", frozenset())
        to_do = [(self._site.back, start)]
        seen: set[tuple[int, _State]] = set()
        while to_do and len(seen) < _PATHS:
            address, state = to_do.pop()
            instruction = self._flow.instructions.get(address)
            if (address, state) in seen or instruction is None or not state.holding:
                continue
            seen.add((address, state))
            if instruction.flow == "jump" and instruction.condition:
                to_do += self._fork(instruction, state)
            else:
                after = self._after(instruction, state)
                to_do += ((each, after) for each in self._flow.successors[address])

    def _fork(self, jump: Instruction, state: _State) -> list[tuple[int, _State]]:
        """Where to go on from a conditional jump; a place that it decides is noted."""
        taken, passed = jump.target or 0, jump.end
        kind, jumps = _decision(jump, state)
        if kind == "sign":
            self.refusals.append(self._junction(taken if jumps else passed, state))
            return []
        if kind == "bypass":
            self.overrulings.append(self._junction(taken if jumps else passed, state))
            return []
        return [(taken, state), (passed, state)]

    def _junction(self, address: int, state: _State) -> Junction:
        def kept(place: Location | None) -> Location | None:
            return None if place in state.lost else place

        site = self._site
        status = min(state.holding, key=lambda place: (place.offset is not None, place.register))
        return Junction(
            address, status, kept(site.block), kept(site.notify_class), kept(site.information)
        )

    def _after(self, instruction: Instruction, state: _State) -> _State:
        holding = set(state.holding)
        compared = state.compared
        destination, source = _move(instruction)
        if "flags" in instruction.written or instruction.mnemonic in ("cmp", "test", "tst"):
            compared = _comparison(instruction, state.holding)
        overwritten = {
            place
            for place in holding | self._places
            if _overwrites(instruction, place, destination)
        }
        if instruction.flow == "call":
            overwritten |= {
                place for place in holding | self._places if place.register not in self._lasting
            }
        gains = source in holding and destination is not None
        if not instruction.condition:  # a conditional move may leave it what it was
            holding -= overwritten
        if gains and destination is not None:
            holding.add(destination)
        return _State(frozenset(holding), compared, state.lost | (overwritten & self._places))


def _ends(flow: Flow, site: CallSite, architecture: str) -> list[Junction]:
    """Where the loop around the post-notification's call is left. What the loop has in a register
    which is used for other things behind it may lie in a slot of the frame all the time."""
    loop = flow.reachable(site.back) & flow.leading_to(site.call)
    behind = flow.reachable(site.back, frozenset([site.call]))
    exits = {
        after
        for address in loop
        for after in flow.successors[address]
        if after not in loop and _can_return(flow, after)
    }
    instructions = [flow.instructions[address] for address in loop & behind]

    def kept(place: Location) -> Location | None:
        if not _is_lost(instructions, place, architecture):
            return place
        if place.offset is not None:
            return None
        home = home_of(flow, architecture, place.register, site.call)
        return None if home is None or _is_lost(instructions, home, architecture) else home

    notify_class, information = kept(site.notify_class), kept(site.information)
    return [Junction(each, None, None, notify_class, information) for each in sorted(exits)]


def _is_lost(instructions: Iterable[Instruction], place: Location, architecture: str) -> bool:
    """Whether one of them changes what is there."""
    lasting = ARCHITECTURES[architecture].non_volatile
    return any(
        _overwrites(each, place, _move(each)[0])
        or (each.flow == "call" and place.register not in lasting)
        for each in instructions
    )


def _can_return(flow: Flow, address: int) -> bool:
    """Not where the code only gives up."""
    instructions = (flow.instructions.get(each) for each in flow.reachable(address))
    return any(each is not None and each.flow == "return" for each in instructions)


def _decision(jump: Instruction, state: _State) -> tuple[str, bool]:
    """What a conditional jump decides, and whether what is looked for is where it jumps to."""
    if jump.mnemonic in ("tbz", "tbnz"):
        register, bit = jump.operands[:2]
        is_sign = isinstance(bit, Immediate) and bit.value == _SIGN_BIT
        if is_sign and place_of(register) in state.holding:
            return "sign", jump.mnemonic == "tbnz"
        return "", False
    if state.compared == "sign" and jump.condition in ("s", "l", "ns", "ge"):
        return "sign", jump.condition in ("s", "l")
    if state.compared == "bypass" and jump.condition in ("e", "ne"):
        return "bypass", jump.condition == "e"
    return "", False


def _comparison(instruction: Instruction, holding: frozenset[Location]) -> str:
    """What the flags then say of the status."""
    if len(instruction.operands) != 2:
        return ""
    first, second = instruction.operands
    if place_of(first) not in holding:
        return ""
    if instruction.mnemonic in ("test", "tst"):
        return "sign" if second == first else ""
    if instruction.mnemonic != "cmp" or not isinstance(second, Immediate):
        return ""
    return {0: "sign", STATUS_CALLBACK_BYPASS: "bypass"}.get(second.value & 0xFFFF_FFFF, "")


def _move(instruction: Instruction) -> tuple[Location | None, Location | None]:
    """A copy's destination and source; a store's too."""
    name, operands = instruction.mnemonic, instruction.operands
    if len(operands) != 2:
        return None, None
    places = [place_of(each) for each in operands]
    if name.startswith(("mov", "cmov", "ldr", "ldur")):
        return places[0], places[1]
    if name.startswith(("str", "stur")):
        return places[1], places[0]
    return None, None


def _overwrites(instruction: Instruction, place: Location, destination: Location | None) -> bool:
    if place.offset is None:
        return place.register in instruction.written
    if place == destination:
        return True
    if place.register in instruction.written and instruction.flow != "call":
        return True  # what it goes by moves: another place has its name
    operands = instruction.operands
    writes = operands and not instruction.written and instruction.flow == ""
    return bool(writes and place_of(operands[0]) == place and instruction.mnemonic != "cmp")
