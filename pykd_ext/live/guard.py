"""Registry decisions from the debugger, in place of a callback's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..kernel.listing import RegistryCallback
from ..kernel.requestor import Requestor, read_requestor
from ..notify.classes import notify_class
from ..notify.extended import is_extended
from ..notify.notification_call import NotificationCall, read_notification_call
from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable, RegisterUnavailable, TargetError
from .breakpoints import Breakpoints, can_stay
from .calls import (
    FunctionCall,
    entered,
    popped_by_callback,
    return_instruction,
    second_argument,
    skip_call,
    status_of,
)
from .departure import Departure
from .exits import return_instructions
from .owed_post import give_post
from .pairing import GIVEN, KERNELS, WITHHELD, Outcome, outcome, status_of_post
from .passed_over import pass_over
from .pending_calls import PendingCalls
from .policy import Asked, Policy, Rule
from .steps import Steps, go_on, until

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Decision", "Guard"]

_SUCCESS = 0
_ENDING, _LEAST = 2.0, 0.01  # seconds


class Decision(NamedTuple):
    """One operation that a rule of the policy decided.

    ``own_status`` is what the callback itself returned, None where it was not asked;
    ``is_enforced`` is False for a dry run, for a rule that only logs, and where the callback's own
    verdict stands. ``post`` is what becomes of its post-notification (:mod:`.pairing`).
    """

    time: float
    requestor: Requestor | None
    notified: NotificationCall
    rule: Rule
    own_status: int | None
    is_enforced: bool
    post: str = KERNELS
    problem: str | None = None


_NOT_ALL_JUDGED = "not all operations were judged, and the callback had them"


class _Waiting(NamedTuple):
    """A decision that waits for the callback to be back, from its pre-notification or
    (``is_given``) from the post-notification that it was owed."""

    decision: Decision
    is_given: bool = False


class Guard:
    """Enforces ``policy`` at the callback ``entry``.

    Before its body runs, which then never does; with ``after`` the body has its say, and what it
    says is replaced. Either way its pre- and post-notifications stay in pair (:mod:`.pairing`).
    ``report`` hears of every decision, and stops it all by saying True.
    """

    def __init__(
        self,
        target: LiveTarget,
        policy: Policy,
        entry: RegistryCallback,
        report: Callable[[Decision], bool],
        after: bool = False,
        dry_run: bool = False,
    ) -> None:
        """Raises TargetError where the callback cannot be guarded."""
        self._target, self._policy, self._entry = target, policy, entry
        self._report, self._after, self._dry_run = report, after, dry_run
        self._classes = policy.classes
        self._posts = {notify_class(each).pair for each in self._classes}
        self._has_pairs = entry.block.found_by != "vector"  # XP tells of no PreInformation
        self._pending: PendingCalls[_Waiting] = PendingCalls(target)
        self._withheld: set[tuple[int, int]] = set()  # thread, information
        self._breakpoints = Breakpoints(target)
        self._departure = Departure(target, self._breakpoints, entry)
        self._is_ending = False
        self._check()
        function = self._entry.block.function or 0
        self._leave_by = return_instruction(target, function)
        self._exits = return_instructions(target, function) if after else []

    def _check(self) -> None:
        callback = self._entry.block
        where = f"callback {callback.address:#x} cannot be guarded"
        if not callback.function:
            raise TargetError(f"{where}: it has no function")
        breakpoint_code = ARCHITECTURES[self._target.architecture].breakpoint
        try:
            first = self._target.read(callback.function, len(breakpoint_code))
        except MemoryUnreadable as error:
            raise TargetError(f"{where}: its function's {error}") from None
        if first == breakpoint_code:
            raise TargetError(f"{where}: a breakpoint stands at its start already")

    def run(self, seconds: float | None) -> str:
        """Until ``report`` has enough, ``seconds`` are over or the user stops the target; why, as
        :meth:`LiveTarget.go` says it. All breakpoints are gone then, and after any error too.

        What was begun is ended first, within two seconds, unless the user wants to stop.
        """
        return until(self.follow(seconds))

    def follow(self, seconds: float | None) -> Steps:
        """The same in steps."""
        function = self._entry.block.function or 0
        with self._breakpoints:
            self._breakpoints.add(function, self._enter)
            for each in self._exits:
                self._breakpoints.add(each, self._leave)
            self._departure.watch()
            why = yield from go_on(self._target, seconds, is_over=lambda: self.has_gone)
            if why in ("hit", "time") and not self.has_gone:
                why = self._end(why)
            if why == "reboot":
                self._forget()
            return why

    def _end(self, why: str) -> str:
        """Lets the target go on as long as something is unfinished; why it is stopped in the end,
        ``why`` unless something else has stopped it."""
        self._is_ending = True
        end = time.monotonic() + _ENDING
        while self.unfinished and not self._departure.is_over:
            stopped = self._target.go(max(end - time.monotonic(), _LEAST))
            if stopped != "hit":
                return why if stopped == "time" else stopped
        return why

    def _forget(self) -> None:
        """What was under way in a kernel that is no more."""
        self._withheld.clear()
        self._pending = PendingCalls(self._target)

    @property
    def has_gone(self) -> bool:
        """Whether it was the callback's end that ended it: it has been unregistered."""
        return self._departure.is_over and not self._is_ending

    @property
    def is_airtight(self) -> bool:
        """Whether no operation can pass on one processor while another goes on from a stop."""
        places = [self._entry.block.function or 0, *self._exits]
        is_shared = self._after and not self._exits
        return not is_shared and all(can_stay(self._target, each) for each in places)

    @property
    def unfinished(self) -> int:
        """Of how many operations the callback has yet to be kept from the post-notification, or is
        in the one that it was given: it will be told of one too many when nobody guards it."""
        return len(self._withheld) + sum(each.about.is_given for each in self._pending)

    def _enter(self) -> bool:
        """Where the call itself cannot be read, the callback is left to itself."""
        target = self._target
        try:
            number = second_argument(target) & 0xFFFF_FFFF
            if number in self._posts and self._withheld:
                return self._enter_post()
            if number not in self._classes or self._is_ending:
                return False
            call = entered(target, 3)
        except MemoryUnreadable:
            return pass_over(target, _NOT_ALL_JUDGED)
        context, _, information = call.arguments
        if context != self._entry.block.context:
            return False  # the same function is another callback, too
        decision = self._decide(number, information)
        return decision is not None and self._apply(call, decision)

    def _enter_post(self) -> bool:
        """Keeps the body from a post-notification whose beginning it has not seen, or refused."""
        target = self._target
        call = entered(target, 3)
        context, number, information = call.arguments
        if context != self._entry.block.context:
            return False
        pointer, size = target.memory.pointer, target.memory.pointer_size
        if self._entry.block.internal and is_extended(
            target.memory, number & 0xFFFF_FFFF, information
        ):
            information = pointer(information)
        pre = pointer(information + 2 * size)  # REG_POST_OPERATION_INFORMATION.PreInformation
        whose = (target.current_thread(), pre)
        if whose not in self._withheld:
            return False
        skip_call(target, call, _SUCCESS, self._leave_by)
        self._withheld.remove(whose)
        return self._is_ending and not self.unfinished

    def _decide(self, number: int, information: int) -> Decision | None:
        requestor = read_requestor(self._target)
        notified = read_notification_call(
            self._target,
            number,
            information,
            callback=self._entry.block,
            requestor=requestor,
            internal=self._entry.block.internal,
        )
        asked = _asked(number, notified, requestor)
        rule = self._policy.decide(asked)
        if rule is None and _is_unknown(asked, notified):
            pass_over(self._target, _NOT_ALL_JUDGED)
        return rule and Decision(time.time(), requestor, notified, rule, None, False)

    def _apply(self, call: FunctionCall, decision: Decision) -> bool:
        self._withheld.discard(self._key(decision))  # of an operation whose thread has ended in it
        if self._after:
            self._pending.enter(call, _Waiting(decision))
            if not self._exits:
                self._breakpoints.add(call.back, self._leave)
            return False
        if decision.rule.status is not None and not self._dry_run:
            number = decision.notified.notification.notify_class.number
            there = outcome(None, decision.rule.status, number)
            skip_call(self._target, call, decision.rule.status, self._leave_by)
            decision = self._enforced(decision, there)
        return self._report(decision)

    def _leave(self) -> bool:
        call = self._pending.leave(
            popped_by_callback(self._target.architecture) if self._exits else 0
        )
        if call is None:
            return False
        if call.about.is_given:
            return self._return(call.about.decision) or (self._is_ending and not self.unfinished)
        return not self._is_ending and self._replace(call.entry, call.about.decision)

    def _replace(self, call: FunctionCall, decision: Decision) -> bool:
        """What the body has said is the rule's to say, as far as it can be."""
        own = status_of(self._target)
        decision = decision._replace(own_status=own)
        wanted = decision.rule.status
        if wanted is None or self._dry_run:
            return self._report(decision)
        there = outcome(own, wanted, decision.notified.notification.notify_class.number)
        if there.post == GIVEN and self._has_pairs:
            return self._give(call, decision, wanted)
        if there.status is None:
            said = "it has done the operation itself" if there.stands_against else None
            enforced = not there.stands_against
            return self._report(decision._replace(is_enforced=enforced, problem=said))
        return self._return(self._enforced(decision, there))

    def _give(self, call: FunctionCall, decision: Decision, wanted: int) -> bool:
        """The post-notification, before the refusal; without it there is none."""
        notification = decision.notified.notification
        thread = self._target.current_thread()
        depth = sum(each.thread == thread and each.about.is_given for each in self._pending)
        try:
            if self._entry.block.internal:
                raise TargetError("what goes with it for the kernel's own callbacks is not known")
            give_post(
                self._target, self._entry.block.function or 0, call, notification,
                status_of_post(wanted), depth,
            )  # fmt: skip
        except (TargetError, MemoryUnreadable, RegisterUnavailable) as error:
            said = f"its post-notification cannot be given: {error}"
            return self._report(decision._replace(problem=said))
        enforced = decision._replace(is_enforced=True, post=GIVEN)
        self._pending.enter(call, _Waiting(enforced, is_given=True))
        return False

    def _return(self, decision: Decision) -> bool:
        """Has the callback return what the rule wants."""
        status = decision.rule.status
        assert status is not None
        self._target.set_registers({ARCHITECTURES[self._target.architecture].result: status})
        return self._report(decision)

    def _enforced(self, decision: Decision, there: Outcome) -> Decision:
        if there.post == WITHHELD and self._has_pairs:
            self._withheld.add(self._key(decision))
        return decision._replace(is_enforced=True, post=there.post)

    def _key(self, decision: Decision) -> tuple[int, int]:
        return self._target.current_thread(), decision.notified.notification.address


def _is_unknown(asked: Asked, notified: NotificationCall) -> bool:
    """Whether a rule may be meant for it whose conditions cannot be told."""
    who = (asked.process_name, asked.process_id, asked.user_mode)
    return None in who or (asked.key is None and bool(notified.notification.keys))


def _asked(number: int, notified: NotificationCall, requestor: Requestor | None) -> Asked:
    keys = notified.notification.keys
    mode = requestor.previous_mode if requestor else None
    return Asked(
        notify_class=number,
        key=keys[0].path if keys else None,
        value=notified.notification.value_name,
        process_name=requestor.process_name if requestor else None,
        process_id=requestor.process_id if requestor else None,
        user_mode=None if mode is None else bool(mode),
    )
