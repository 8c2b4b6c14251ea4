"""Stopping the target where a callback is about to return a refusal.

At its return instruction a callback's frame is still the innermost, and every register as it leaves
it. What the kernel gave it is found as behind the call (:mod:`.call_site`): by then a callback has
put the non-volatile registers back, and the stack lies lower by what the instruction pops.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Callable

from ..notify.classes import notify_class
from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable, RegcbError
from ..target.fields import unsigned
from .breakpoints import Breakpoints
from .calls import popped_by_callback, status_of
from .data_flow import CallSite, Location
from .exits import return_instructions
from .nesting import active_callbacks
from .operations import Returned, is_failure
from .returns import BreakpointPlan, follow_returns, returned, value_at
from .steps import Steps, go_on, until
from .turns import END, follow_turns

if TYPE_CHECKING:
    from ..kernel.callback_block import CallbackBlock
    from ..target.live import LiveTarget

__all__ = ["RefusalStop"]

_MOST = 24  # return instructions: of the 32 breakpoints that a target takes


class RefusalStop:
    """``refused`` hears of refusals, and stops the target there by saying True.

    Each costs a stop at a return instruction, and so does every other verdict of ``callbacks``.
    Refusals of others (registered later, or with code that cannot be followed) are seen where the
    kernel forks over them, or behind its call: ``is_in_callback`` says which it was.
    """

    def __init__(
        self,
        target: LiveTarget,
        callbacks: list[CallbackBlock],
        numbers: frozenset[int],
        refused: Callable[[Returned], bool],
    ) -> None:
        self._target, self._callbacks = target, callbacks
        self._numbers, self._refused = numbers, refused
        self._sites: list[CallSite] = []
        self._returns: dict[int, None] = {}
        self._covered: dict[int, list[int]] = {}  # a block's return instructions
        self._breakpoints = Breakpoints(target)
        self.is_in_callback = False

    def run(self, plan: BreakpointPlan, seconds: float | None) -> str:
        """As :meth:`.trace.Tracer.run`; the target's registers are what they were at its stop."""
        return until(self.follow(plan, seconds))

    def follow(self, plan: BreakpointPlan, seconds: float | None) -> Steps:
        """The same in steps."""
        self._sites = plan.sites
        for each in self._callbacks if plan.sites else ():
            self._cover(each)
        with ExitStack() as stack:
            stack.enter_context(self._breakpoints)
            for address in self._returns:
                self._breakpoints.add(address, self._at_return)
            stack.enter_context(self._others(plan))
            return (yield from go_on(self._target, seconds))

    def _cover(self, callback: CallbackBlock) -> None:
        try:
            found = return_instructions(self._target, callback.function or 0)
        except RegcbError:
            return
        if found and len({*self._returns, *found}) <= _MOST:
            self._returns.update(dict.fromkeys(found))
            self._covered[callback.address] = found

    def _others(self, plan: BreakpointPlan) -> Breakpoints:
        """What sees the refusals that no return instruction does."""
        target, numbers = self._target, self._numbers
        if plan.junctions:
            return follow_turns(target, plan.junctions, numbers, _Others(self._in_kernel))
        return follow_returns(target, plan, numbers, self._in_kernel)

    def _in_kernel(self, event: Returned) -> bool:
        """Whether to stop behind the call. A driver that was unloaded and is back may have its
        block where it was."""
        returns = self._covered.get(event.block, [])
        is_covered = returns and not any(map(self._breakpoints.is_lost, returns))
        self.is_in_callback = False
        return not is_covered and self._refused(event)

    def _at_return(self) -> bool:
        target = self._target
        if not is_failure(status_of(target)):
            return False
        try:
            event = self._event()
        except MemoryUnreadable:
            return False
        self.is_in_callback = event is not None and self._refused(event)
        return self.is_in_callback

    def _event(self) -> Returned | None:
        """None for a call that is none of the kernel's, or of another class."""
        target, architecture = self._target, self._target.architecture
        stack = target.register(ARCHITECTURES[architecture].stack_pointer)
        back = self._return_address(stack)
        site = next((each for each in self._sites if each.back == back), None)
        if site is None:
            return None
        value = partial(value_at, target)
        number = value(self._before_return(site.notify_class)) & 0xFFFF_FFFF
        about = notify_class(number)
        if (about.pair if about.phase == "post" else number) not in self._numbers:
            return None
        information = value(self._before_return(site.information))
        event = returned(target, self._block(site), number, information)
        return event and event._replace(stack=stack + popped_by_callback(architecture))

    def _return_address(self, stack: int) -> int:
        target = self._target
        link = ARCHITECTURES[target.architecture].link
        if link is not None:
            return target.register(link)
        return unsigned(target.read(stack, target.memory.pointer_size))

    def _block(self, site: CallSite) -> int:
        target = self._target
        if site.block is not None:
            return value_at(target, self._before_return(site.block))
        return next(iter(active_callbacks(target, target.current_thread(), 1)), 0)

    def _before_return(self, place: Location) -> Location:
        """A place behind the call, as it is found from the return instruction."""
        architecture = self._target.architecture
        if place.offset is None or place.register != ARCHITECTURES[architecture].stack_pointer:
            return place
        return place._replace(offset=place.offset + popped_by_callback(architecture))


class _Others:
    """Hears of the refusals alone, and not of the ends."""

    awaits_ends = False

    def __init__(self, refused: Callable[[Returned], bool]) -> None:
        self.refused = self.overruled = refused

    def is_of_interest(self, turn: str) -> bool:
        return turn != END

    def sweep(self) -> bool:
        return False

    def ended(self, _: Returned) -> bool:
        return False
