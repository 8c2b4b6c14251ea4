"""Where the kernel calls a registry callback, and where its arguments are when that has come back.

One breakpoint behind the call then sees every callback's verdict. Nothing is known of the code but
what it must do: load Function and Context from one callback block (their offsets:
:mod:`pykd_ext.kernel.layouts`), put the class and the information into the second and third
argument, and call. Both are traced back, within straight code, to places that survive the call:
registers that are not volatile, and slots of the caller's stack frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..kernel.layouts import INTERNAL_CALLBACK, BlockLayout, block_layout
from .data_flow import NON_VOLATILE, Place, Step, read_steps

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["CALLERS", "CallSite", "find_call_sites"]

# CmpCallCallBacks does all the work up to 1607, CmpCallCallBacksEx from 1703 on (SOURCES 3.1).
CALLERS = ("CmpCallCallBacksEx", "CmpCallCallBacks")

_SIZE_LIMIT = 0x1000  # bytes of such a function that are looked at
_ARGUMENTS = {"x64": ("rcx", "rdx", "r8"), "arm64": ("x0", "x1", "x2")}
# What holds the target of a call through the control flow guard's dispatcher (SOURCES 3.1: rax).
_DISPATCHED = {"x64": ("rax",), "x86": (), "arm64": ("x15", "x9")}
_STACK = {"x64": ("rsp", "rbp"), "x86": ("esp", "ebp"), "arm64": ("sp", "fp")}

_FLAGS = frozenset(("rflags", "eflags", "nzcv"))  # as capstone calls them
_FIRST_SLOT = 0x20  # below are the four home slots of the callee ("x64 calling convention")


class CallSite(NamedTuple):
    """A call of a callback at the VA ``call``, which returns to ``back``.

    There ``block`` leads to the callback block (None: nothing there does, but the thread's list of
    active callbacks), ``notify_class`` to the class and ``information`` to the documented
    REG_*_INFORMATION, for internal callbacks too.
    """

    call: int
    back: int
    block: Place | None
    notify_class: Place
    information: Place


def find_call_sites(target: Target, start: int) -> list[CallSite]:
    """The call sites in the function at the VA ``start``; empty where the code cannot be followed.

    That is so as well where one of several calls cannot be: half of the verdicts would be worse
    than another placement.
    """
    steps = _function(read_steps(target, start, _SIZE_LIMIT))
    layout = block_layout(target)
    joins = {step.target for step in steps if step.target is not None}
    sites = []
    for index, step in enumerate(steps):
        if not step.is_call:
            continue
        call = _Call(target.architecture, layout, _straight(steps, index, joins), step)
        if not call.is_of_a_callback():
            continue
        site = call.site()
        if site is None:
            return []
        sites.append(site)
    return sites


def _function(steps: list[Step]) -> list[Step]:
    """As far as jumps lead forward: the last return that nothing jumps over ends the function."""
    furthest = 0
    for index, step in enumerate(steps):
        if step.target is not None and step.target <= steps[-1].end:
            furthest = max(furthest, step.target)
        if step.is_jump and step.target is None and step.end > furthest:
            return steps[: index + 1]
    return steps


def _straight(steps: list[Step], index: int, joins: set[int]) -> list[Step]:
    """The steps before ``index`` that always come before it, the last of them first.

    A jump over some of them is taken for what it may be: the choice of an internal callback's
    argument. It stands in the list for them.
    """
    before = []
    at = steps[index].address
    while index > 0:
        if at in joins:
            jump = _jump_to(steps, index, at)
            if jump is None:
                break
            index = jump
        elif steps[index - 1].is_call or steps[index - 1].is_jump:
            break
        else:
            index -= 1
        before.append(steps[index])
        at = steps[index].address
    return before


def _jump_to(steps: list[Step], index: int, join: int) -> int | None:
    """The only jump to ``join``, if it is one for zero, over straight code before ``index``."""
    sources = [number for number, step in enumerate(steps) if step.target == join]
    if len(sources) != 1 or not sources[0] < index or not steps[sources[0]].jumps_if_zero:
        return None
    over = steps[sources[0] + 1 : index]
    return None if any(step.is_call or step.is_jump for step in over) else sources[0]


class _Call:
    """One call, with the straight code before it (``before``, backwards)."""

    def __init__(
        self, architecture: str, layout: BlockLayout, before: list[Step], step: Step
    ) -> None:
        self._architecture = architecture
        self._layout = layout
        self._before = before
        self._before = self._trusted()
        self._step = step
        self._base = self._block_register()

    def _trusted(self) -> list[Step]:
        """The steps before, as far as jumps among them choose an internal callback's argument."""
        for depth, step in enumerate(self._before, 1):
            if step.is_jump and not self._is_test_of_internal(depth):
                return self._before[: depth - 1]
        return self._before

    def is_of_a_callback(self) -> bool:
        """Whether it calls a block's Function with that block's Context."""
        return self._base is not None

    def site(self) -> CallSite | None:
        """None where an argument is not to be found once the callback is back."""
        if self._base is None:
            return None
        block = self._lasting(*self._base)
        notify_class = self._argument(1)
        information = self._argument(2)
        if not self._is_of_caller(notify_class, information):
            return None
        assert notify_class is not None and information is not None
        return CallSite(self._step.address, self._step.end, block, notify_class, information)

    def _is_of_caller(self, *places: Place | None) -> bool:
        """Whether all are registers or in the stack frame: a callback writes to neither."""
        return all(each and (each.offset is None or self._is_in_frame(each)) for each in places)

    def _is_in_frame(self, place: Place) -> bool:
        first = _FIRST_SLOT if place.register == "rsp" else None
        return place.register in _STACK[self._architecture] and (
            first is None or (place.offset or 0) >= first
        )

    def _block_register(self) -> tuple[str, int] | None:
        """The register that holds the block, and how far back it was used."""
        for place, depth in self._targets():
            if place.offset != self._layout.function:
                continue
            context = self._source(0)
            if context and context[0] == Place(place.register, self._layout.caller_context):
                return place.register, max(depth, context[1])
        return None

    def _targets(self) -> list[tuple[Place, int]]:
        """What may be called, and how far back it was loaded."""
        callee = self._step.callee
        found = []
        if callee is not None and callee.offset is not None:
            found.append((callee, 0))
        names = [callee.register] if callee and callee.offset is None else []
        for name in [*names, *_DISPATCHED[self._architecture]]:
            defined = self._definition(name, 0)
            if defined:
                found.append(defined)
        return found

    def _source(self, argument: int) -> tuple[Place, int] | None:
        """The place that an argument is copied from, and how far back that is."""
        if self._architecture != "x86":
            return self._definition(_ARGUMENTS[self._architecture][argument], 0)
        pushes = [(step.pushed, depth) for depth, step in enumerate(self._before, 1) if step.pushed]
        if len(pushes) <= argument:
            return None
        place, depth = pushes[argument]
        return (place, depth) if place else None

    def _argument(self, argument: int) -> Place | None:
        """A lasting place with the argument's value."""
        if self._architecture != "x86":
            return self._lasting(_ARGUMENTS[self._architecture][argument], 0)
        source = self._source(argument)
        if source is None:
            return None
        place, depth = source
        if place.offset is None:
            return self._lasting(place.register, depth)
        return self._outliving(place, depth)

    def _lasting(self, register: str, depth: int) -> Place | None:
        """A place that outlives the call, with what ``register`` holds ``depth`` steps before it.

        A register that is not volatile, or memory that such a register leads to.
        """
        for _ in range(len(self._before) + 1):
            if self._lasts(register, depth):
                return Place(register)
            defined = self._definition(register, depth)
            if defined is None:
                return None
            place, depth = defined
            if place.offset is not None:
                return self._outliving(place, depth)
            register = place.register
        return None

    def _outliving(self, place: Place, depth: int) -> Place | None:
        """The memory ``place`` as it is written once the callback is back, which on x86 has taken
        its three arguments off the stack (__stdcall)."""
        if not self._lasts(place.register, depth):
            return None
        if place.register != "esp" or place.offset is None:
            return place
        pushed = sum(step.pushed is not None for step in self._before[:depth])
        return Place("esp", place.offset + 4 * (pushed - 3))

    def _lasts(self, register: str, depth: int) -> bool:
        """Whether ``register`` still holds after the call what it held ``depth`` steps before."""
        return register in NON_VOLATILE[self._architecture] and not any(
            register in step.clobbered and not step.pushed for step in self._before[:depth]
        )

    def _definition(self, register: str, depth: int) -> tuple[Place, int] | None:
        """Where the value came from that ``register`` holds ``depth`` steps before the call."""
        for back, step in enumerate(self._before[depth:], depth + 1):
            if step.choice and step.choice[0] == register:
                chosen = self._chosen(step, back)
                if chosen is not None:
                    return chosen, back
                if not self._is_test_of_internal(back):
                    return None
                continue  # it stays what it was, for an ordinary callback
            if register in step.moves:
                return step.moves[register], back
            if register in step.clobbered:
                return None
        return None

    def _chosen(self, step: Step, back: int) -> Place | None:
        """What an ordinary callback is given, where the choice is whether it is internal."""
        if step.choice is None or not self._is_test_of_internal(back):
            return None
        return step.choice[1]

    def _is_test_of_internal(self, back: int) -> bool:
        """Whether the last test before is that of the block's flag, zero for ordinary callbacks."""
        for depth, step in enumerate(self._before[back - 1 :], back):
            if step.test:
                place, mask = step.test
                if place.offset is None:
                    loaded = self._definition(place.register, depth)
                    place = loaded[0] if loaded else place
                return place.offset == self._layout.flags and mask == INTERNAL_CALLBACK
            if step.clobbered & _FLAGS:
                return False
        return False
