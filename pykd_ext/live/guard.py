"""Registry decisions from the debugger, in place of a callback's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..kernel.listing import Entry
from ..kernel.requestor import Requestor, read_requestor
from ..notify.occurrence import Occurrence, read_occurrence
from ..target.errors import MemoryUnreadable, TargetError
from .breakpoints import Breakpoints
from .calls import (
    RESULTS,
    Entered,
    entered,
    return_instruction,
    second_argument,
    skip_call,
)
from .pending_calls import PendingCalls
from .policy import Asked, Policy, Rule

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Decision", "Guard"]


class Decision(NamedTuple):
    """One operation that a rule of the policy decided.

    ``own_status`` is what the callback itself returned, None where it was not asked;
    ``is_enforced`` is False for a dry run, and for a rule that only logs.
    """

    time: float
    requestor: Requestor | None
    occurrence: Occurrence
    rule: Rule
    own_status: int | None
    is_enforced: bool


class Guard:
    """Enforces ``policy`` at the callback ``entry``.

    Before its body runs, which then never does; with ``after`` the body has its say, and what it
    says is replaced. ``report`` hears of every decision, and stops it all by saying True.
    """

    def __init__(
        self,
        target: LiveTarget,
        policy: Policy,
        entry: Entry,
        report: Callable[[Decision], bool],
        after: bool = False,
        dry_run: bool = False,
    ) -> None:
        """Raises TargetError where the callback cannot be guarded."""
        self._target, self._policy, self._entry = target, policy, entry
        self._report, self._after, self._dry_run = report, after, dry_run
        self._classes = policy.classes
        self._pending: PendingCalls[Decision] = PendingCalls(target)
        self._breakpoints = Breakpoints(target)
        self._leave_by: int | None = None
        self._check()

    def _check(self) -> None:
        callback = self._entry.callback
        where = f"callback {callback.address:#x} cannot be guarded"
        if not callback.function:
            raise TargetError(f"{where}: it has no function")
        try:
            first = self._target.read(callback.function, 1)
        except MemoryUnreadable as error:
            raise TargetError(f"{where}: its function's {error}") from None
        if first == b"\xcc" and self._target.architecture != "arm64":
            raise TargetError(f"{where}: an int3 stands at its start already")

    def run(self, seconds: float | None) -> str:
        """Until ``report`` has enough, ``seconds`` are over or the user stops the target; why, as
        :meth:`LiveTarget.go` says it. All breakpoints are gone then, and after any error too."""
        function = self._entry.callback.function or 0
        self._leave_by = return_instruction(self._target, function)
        with self._breakpoints:
            self._breakpoints.add(function, self._enter)
            return self._target.go(seconds)

    def _enter(self) -> bool:
        """Where the call itself cannot be read, the callback is left to itself."""
        target = self._target
        try:
            number = second_argument(target) & 0xFFFF_FFFF
            if number not in self._classes:
                return False
            call = entered(target, 3)
        except MemoryUnreadable:
            return False
        context, _, information = call.arguments
        if context != self._entry.callback.context:
            return False  # the same function is another callback, too
        decision = self._decide(number, information)
        return decision is not None and self._apply(call, decision)

    def _apply(self, call: Entered, decision: Decision) -> bool:
        status = decision.rule.status
        if self._after:
            self._wait_for_return(call, decision)
            return False
        if status is not None and not self._dry_run:
            skip_call(self._target, call, status, self._leave_by)
        return self._report(decision)

    def _decide(self, number: int, information: int) -> Decision | None:
        requestor = read_requestor(self._target)
        occurrence = read_occurrence(
            self._target,
            number,
            information,
            callback=self._entry.callback,
            requestor=requestor,
            internal=self._entry.callback.internal,
        )
        rule = self._policy.decide(_asked(number, occurrence, requestor))
        if rule is None:
            return None
        enforced = rule.status is not None and not self._dry_run
        return Decision(time.time(), requestor, occurrence, rule, None, enforced)

    def _wait_for_return(self, call: Entered, decision: Decision) -> None:
        self._pending.enter(call, decision)
        self._breakpoints.add(call.back, self._leave)

    def _leave(self) -> bool:
        call = self._pending.leave()
        return call is not None and self._overrule(call.about)

    def _overrule(self, decision: Decision) -> bool:
        target = self._target
        result = RESULTS[target.architecture]
        own = target.register(result) & 0xFFFF_FFFF
        if decision.is_enforced and decision.rule.status is not None:
            target.set_registers({result: decision.rule.status})
        return self._report(decision._replace(own_status=own))


def _asked(number: int, occurrence: Occurrence, requestor: Requestor | None) -> Asked:
    keys = occurrence.notification.keys
    mode = requestor.previous_mode if requestor else None
    return Asked(
        notify_class=number,
        key=keys[0].path if keys else None,
        value=occurrence.notification.value_name,
        process_name=requestor.process_name if requestor else None,
        process_id=requestor.process_id if requestor else None,
        user_mode=None if mode is None else bool(mode),
    )
