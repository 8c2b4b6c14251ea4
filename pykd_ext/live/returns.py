"""Every return of a registry callback, by as few breakpoints as the kernel's code allows.

One breakpoint behind each call of a callback in nt!CmpCallCallBacksEx sees them all, however many
callbacks there are. Where that code cannot be followed, each callback's function gets one, and
the places that they return to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple

from ..kernel.callback_block import CallbackBlock
from ..kernel.callbacks import read_callbacks
from ..notify.classes import notify_class
from ..notify.extended import is_extended
from ..target.architecture import ARCHITECTURES
from ..target.errors import (
    MemoryUnreadable,
    RegcbError,
    SymbolNotFound,
    TargetError,
    UnsupportedTarget,
)
from ..target.fields import unsigned
from .breakpoints import Breakpoints
from .call_site import CALLERS, find_call_sites
from .calls import entered, second_argument, status_of
from .control_flow import flow_of
from .data_flow import CallSite, Location
from .junctions import Junctions, find_junctions, phase_of
from .nesting import active_callbacks, has_active_callbacks
from .operations import PostStatus, Returned
from .passed_over import NOT_ALL_VERDICTS, pass_over
from .pending_calls import PendingCalls
from .read_ahead import read_stack_ahead

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget
    from .control_flow import Flow

__all__ = [
    "NOT_FOUND",
    "BreakpointPlan",
    "follow_returns",
    "place",
    "places_of",
    "plan_in",
    "read_post",
    "returned",
    "value_at",
]

OnReturn = Callable[[Returned], bool]

_BREAKPOINT_LIMIT = 32  # KdpBreakpointTable has no more (ReactOS's kd64.h)
_FOLLOWED = _BREAKPOINT_LIMIT - 2  # callbacks, and the places that they return to
NOT_FOUND = (
    "the call in nt!CmpCallCallBacksEx was not found: every callback gets a breakpoint, which "
    "costs more, and those that are registered from now on are not seen"
)
_UNNAMED = (
    "no symbol names the function that calls callbacks: the first callback to be called shows "
    "where it is"
)
_FOUND = "the kernel calls callbacks before and after an operation; of these calls only "
# By what is found: before or after the operation, or one call of which nothing is known.
_UNSEEN = {
    "before": _FOUND + "that BEFORE it was found, at {call:#x}: what callbacks say after it is NOT "
    "SEEN, so a result that one changes there is missing, and the result shown may not be the last",
    "after": _FOUND + "that AFTER it was found, at {call:#x}: what callbacks say before it is NOT "
    "SEEN, so refusals are missing here: an operation without one may have been refused",
    "": _FOUND + "one was found, at {call:#x}: what callbacks say at the other one is NOT SEEN, so "
    "a refusal or an overruling may be missing here",
}
_POST_SIZE = {4: 0x10, 8: 0x20}  # up to and with ReturnStatus


class BreakpointPlan(NamedTuple):
    """Where the breakpoints go: behind ``sites``, or, without any, at the ``callbacks``' starts.

    ``junctions`` are where the kernel forks over what callbacks say, None where that was not found.
    ``problems`` says which callbacks nobody will see, and why. ``is_unnamed``: no symbol says where
    callbacks are called (:mod:`.first_call` finds out).
    """

    sites: list[CallSite]
    callbacks: list[CallbackBlock]
    problems: list[str]
    junctions: Junctions | None = None
    is_unnamed: bool = False


def place(target: Target) -> BreakpointPlan:
    """Looks at the kernel's code, and at the callbacks where that does not help.

    Raises TargetError when there is nothing to follow.
    """
    is_unnamed = True
    for name in CALLERS:
        try:
            start = target.symbol(name)
        except SymbolNotFound:
            continue
        is_unnamed = False
        found = plan_in(target, start)
        if found is not None:
            return found
    callbacks, problems = [], [_UNNAMED if is_unnamed else NOT_FOUND]
    seen = set()
    for each in read_callbacks(target).callbacks:
        why = _why_not(target, each)
        if why:
            problems.append(f"callback {each.address:#x} is not followed: {why}")
        elif each.function not in seen:
            seen.add(each.function)
            callbacks.append(each)
    if not callbacks:
        raise TargetError("no callback can be followed: " + "; ".join(problems))
    if len(callbacks) > _FOLLOWED:
        problems.append(
            f"the last {len(callbacks) - _FOLLOWED} callbacks are not followed: a target takes "
            f"{_BREAKPOINT_LIMIT} breakpoints"
        )
    return BreakpointPlan([], callbacks[:_FOLLOWED], problems, is_unnamed=is_unnamed)


def places_of(plan: BreakpointPlan, each: bool) -> list[int]:
    """The VAs that breakpoints stay at; ``each``: for the verdict of every callback."""
    if plan.junctions and not each:
        return [one.address for kind in plan.junctions for one in kind]
    callbacks = [callback.function or 0 for callback in plan.callbacks]
    return [*(site.back for site in plan.sites), *callbacks]


def _unseen(flow: Flow, sites: list[CallSite], architecture: str) -> list[str]:
    """What is said where the calls before an operation were not found, or those after it."""
    phases = {phase_of(flow, site, architecture) for site in sites}
    if len(phases) > 1 or (phases == {""} and len(sites) > 1):
        return []
    return [_UNSEEN[phases.pop()].format(call=sites[0].call)]


def plan_in(target: Target, start: int) -> BreakpointPlan | None:
    """By the calls of callbacks in the function at the VA ``start``. None where they are not found,
    and on XP, whose callbacks have no block to go by."""
    try:
        sites = find_call_sites(target, start)
    except UnsupportedTarget:
        return None
    needs_list = any(site.block is None for site in sites)
    if not sites or (needs_list and not has_active_callbacks(target)):
        return None
    flow = flow_of(target, start)
    junctions = find_junctions(flow, sites, target.architecture)
    unseen = _unseen(flow, sites, target.architecture)
    return BreakpointPlan(sites, [], unseen, junctions if junctions.is_complete else None)


def _why_not(target: Target, callback: CallbackBlock) -> str | None:
    """Why no breakpoint is set at the callback's function."""
    if not callback.function:
        return "it has no function"
    breakpoint_code = ARCHITECTURES[target.architecture].breakpoint
    try:
        first = target.read(callback.function, len(breakpoint_code))
    except MemoryUnreadable as error:
        return str(error)
    if first == breakpoint_code:
        return "a breakpoint is there already"
    return None


def follow_returns(
    target: LiveTarget, plan: BreakpointPlan, numbers: frozenset[int], on_return: OnReturn
) -> Breakpoints:
    """Sets the breakpoints. ``on_return`` hears of the operations whose pre class is one of
    ``numbers``, others cost as little as a stop can; where it says True the target stays stopped.

    The breakpoints go when the block of what is returned is left. Raises TargetError.
    """
    wanted = frozenset(numbers | {notify_class(each).pair or 0 for each in numbers})
    breakpoints = Breakpoints(target)
    try:
        if plan.sites:
            for site in plan.sites:
                _Site(target, site, wanted, on_return).set_in(breakpoints)
        else:
            entries = _Entries(target, breakpoints, wanted, on_return)
            for callback in plan.callbacks:
                entries.set_at(callback)
    except RegcbError:
        breakpoints.__exit__()
        raise
    return breakpoints


class _Site:
    """The breakpoint behind one call."""

    def __init__(
        self, target: LiveTarget, site: CallSite, wanted: frozenset[int], on_return: OnReturn
    ) -> None:
        self._target, self._site = target, site
        self._wanted, self._on_return = wanted, on_return

    def set_in(self, breakpoints: Breakpoints) -> None:
        breakpoints.add(self._site.back, self._hit, hardware=True)

    def _hit(self) -> bool:
        site, target = self._site, self._target
        read_stack_ahead(target)
        try:
            number = value_at(target, site.notify_class) & 0xFFFF_FFFF
            if number not in self._wanted:
                return False
            block, information = self._block(), value_at(target, site.information)
        except MemoryUnreadable:
            return pass_over(target, NOT_ALL_VERDICTS)
        event = returned(target, block, number, information)
        return event is not None and self._on_return(event)

    def _block(self) -> int:
        """0 where neither the code nor the thread says which callback it was."""
        target = self._target
        if self._site.block is not None:
            return value_at(target, self._site.block)
        return next(iter(active_callbacks(target, target.current_thread(), 1)), 0)


def value_at(target: Target, place: Location) -> int:
    value = target.register(place.register)
    if place.offset is None:
        return value
    size = target.memory.pointer_size
    return unsigned(target.read(value + place.offset, size))


def returned(target: Target, block: int, number: int, information: int) -> Returned | None:
    """The event, from the registers of a callback that is just back; None for a post-notification
    whose structure cannot be read: nothing says what it belongs to."""
    about = notify_class(number)
    post = None
    if about.phase == "post" and about.pair is not None:
        try:
            information, post = read_post(target, information)
        except MemoryUnreadable:
            pass_over(target, NOT_ALL_VERDICTS)
            return None
        number = about.pair
    return Returned(
        thread=target.current_thread(),
        stack=target.register(ARCHITECTURES[target.architecture].stack_pointer),
        block=block,
        number=number,
        information=information,
        status=status_of(target),
        post=post,
    )


def read_post(target: Target, address: int) -> tuple[int, PostStatus]:
    """PreInformation, and both statuses (wdm.h: REG_POST_OPERATION_INFORMATION)."""
    size = target.memory.pointer_size
    raw = target.read(address, _POST_SIZE[size])
    status, before, after = (
        unsigned(raw, at, length) for at, length in ((size, 4), (2 * size, size), (3 * size, 4))
    )
    return before, PostStatus(status, after)


class _Entries:
    """A breakpoint at the start of every callback's function, and one at each place that they
    return to, which stays: other threads are on their way to it too."""

    def __init__(
        self,
        target: LiveTarget,
        breakpoints: Breakpoints,
        wanted: frozenset[int],
        on_return: OnReturn,
    ) -> None:
        self._target, self._breakpoints = target, breakpoints
        self._wanted, self._on_return = wanted, on_return
        self._calls: PendingCalls[CallbackBlock] = PendingCalls(target)

    def set_at(self, callback: CallbackBlock) -> None:
        """The debugger passes one where the target is stopped already, as at the first call."""
        if not callback.function:
            return
        self._breakpoints.add(callback.function, lambda: self._enter(callback))
        counter = ARCHITECTURES[self._target.architecture].program_counter
        if self._target.register(counter) == callback.function:
            self._enter(callback)

    def _enter(self, callback: CallbackBlock) -> bool:
        try:
            wanted = second_argument(self._target) & 0xFFFF_FFFF in self._wanted
            entry = entered(self._target, 3) if wanted else None
        except MemoryUnreadable:
            return pass_over(self._target, NOT_ALL_VERDICTS)
        if entry is not None:
            self._calls.enter(entry, callback)
            self._breakpoints.add(entry.back, self._back)
        return False

    def _back(self) -> bool:
        target = self._target
        call = self._calls.leave()
        if call is None:
            return False  # of a callback that is not followed
        _, number, information = call.entry.arguments
        number &= 0xFFFF_FFFF
        if call.about.internal:
            try:
                if is_extended(target.memory, number, information):
                    information = target.memory.pointer(information)
            except MemoryUnreadable:
                return pass_over(target, NOT_ALL_VERDICTS)
        event = returned(target, call.about.address, number, information)
        return event is not None and self._on_return(event)
