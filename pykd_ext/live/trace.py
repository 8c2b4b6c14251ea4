"""Following registry operations through all their callbacks."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Callable

from ..kernel.builds import refusals_stand
from ..kernel.listing import RegistryCallback
from ..kernel.stack_frames import stack_frames
from ..notify.classes import notify_class
from .breakpoints import Breakpoints
from .callback_names import CallbackNames
from .filters import Filters
from .inquiry import About, Inquiry
from .operations import OpenOperation, Operations, PostStatus, Returned, is_failure
from .policy import STATUS_CALLBACK_BYPASS
from .returns import BreakpointPlan, follow_returns
from .services import ThreadsInside, services_of
from .steps import Steps, go_on, until
from .thread_lives import create_time, is_gone, stack_limits
from .traced import CallbackVerdict, Operation
from .turns import END, REFUSAL, follow_turns

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Tracer"]

_SWEEP_EVERY = 5.0  # seconds
_MOST_THREADS = 1024  # whose last refusal is kept
_CHANGED = "a callback has changed the result and not said so: --each tells which"
_NO_END = "the callbacks that it was asked for in are not known: its end was not seen"


class Tracer:
    """Follows a target; ``report`` hears of every operation that ``filters`` let through, and stops
    it all by saying True. With ``each`` it stops for the verdict of every callback, otherwise where
    one refuses or overrules, and at the end (:mod:`.turns`); with ``stack`` the return addresses at
    a refusal are kept."""

    def __init__(
        self,
        target: LiveTarget,
        filters: Filters,
        report: Callable[[Operation], bool],
        stack: bool = False,
        each: bool = False,
    ) -> None:
        """Raises TargetError where there are no callbacks that can be read."""
        self._target = target
        self._filters = filters
        self._report = report
        self._wants_each = each or filters.owner is not None
        self._has_each = True
        self._told: dict[int, Returned] = {}  # refusals that nobody else hears of, by thread
        self._operations: Operations[About] = Operations(
            refusals_stand(target.build), partial(stack_limits, target)
        )
        self._inside: ThreadsInside | None = None
        self._swept = 0.0
        self.names = CallbackNames(target)
        self.inquiry = Inquiry(target, filters, self.names, stack)

    def run(self, plan: BreakpointPlan, seconds: float | None) -> str:
        """Until ``report`` has enough, ``seconds`` are over or the user stops the target; why, as
        :meth:`LiveTarget.go` says it. All breakpoints are gone then, and after any error too."""
        return until(self.follow(plan, seconds))

    def follow(self, plan: BreakpointPlan, seconds: float | None) -> Steps:
        """The same in steps."""
        with self._follow(plan):
            why = yield from go_on(self._target, seconds)
        if why not in ("hit", "reboot"):
            any(self._finish(operation) for operation in self._operations.rest())
        return why

    def _follow(self, plan: BreakpointPlan) -> Breakpoints:
        numbers = self._filters.numbers
        junctions = plan.junctions
        if junctions and (self._filters.only_blocked or not self._wants_each):
            self._has_each = False
            services = [] if self._filters.only_blocked else services_of(self._target, numbers)
            self._inside = ThreadsInside(self._target) if services else None
            return follow_turns(self._target, junctions, numbers, self, services, self._inside)
        return follow_returns(self._target, plan, numbers, self._returned)

    @property
    def awaits_ends(self) -> bool:
        """Whether one that was refused, or has begun in its own service, is under way, or all are
        to be shown."""
        if self._inside is not None:
            return self._inside.is_any or self._operations.is_any
        return not self._filters.only_blocked or self._operations.is_any

    def is_of_interest(self, turn: str) -> bool:
        """By who asks, which is one request."""
        if self.inquiry.fits_requestor():
            return True
        self.inquiry.others += turn == (REFUSAL if self._filters.only_blocked else END)
        return False

    def refused(self, event: Returned) -> bool:
        """The first thing that is heard of an operation, and the last for those below."""
        if not self._is_due(event):
            return False
        is_over = self._is_asked_first(event)
        if is_over and self._inside is not None:
            self._inside.leave(is_services=True)
        return self._turned(event, is_over)

    def overruled(self, event: Returned) -> bool:
        """Of an operation that was refused, or as the refusal."""
        if self._leave_former_thread(event):
            return True
        is_due = not self._filters.only_blocked or _refuses(event)
        if not is_due and not self._operations.is_known(event):
            return False
        return self._turned(event, is_over=False)

    def refusal(self, event: Returned) -> bool:
        """One that is reported as soon as it is heard of: what becomes of it is not waited for."""
        if not self._is_due(event):
            return False
        about = self._look(event)
        operation = OpenOperation(event.thread, event.number, event.information, about)
        operation.add(event)
        if not self._is_asked_first(event):
            operation.result, operation.is_over = None, False
        self._has_each = False
        return self._finish(operation)

    def ended(self, event: Returned) -> bool:
        """With the result that the caller gets."""
        if self._leave_former_thread(event):
            return True
        is_known = self._operations.is_known(event)
        if self._filters.only_blocked and not is_known:
            return False
        if event.post is None and not (is_known and self._operations.refusals_stand):
            return False
        if _is_its_end(event.post, event, self._told.pop(event.thread, None)):
            return False
        if not is_known and not self._has_callbacks():
            return False
        operation, gone = self._operations.of(event)
        about = operation.about or self.inquiry.look(event)
        operation.about = self.inquiry.look_around(about, event)
        operation.end(event.post)
        self._operations.end(operation)
        if event.post is None and self._inside is not None:
            self._inside.leave(is_services=True)
        stops = any(self._finish(each) for each in gone)
        return self._finish(operation) or stops

    def _leave_former_thread(self, event: Returned) -> bool:
        """What a thread has left open that was at this one's place before it. Like this the first
        that is heard of a thread may be an end; where every verdict is seen, a beginning is."""
        if not self._operations.is_known(event):
            return False
        self.inquiry.read_thread_ahead()
        created = create_time(self._target, event.thread)
        if created is None:
            return False
        return self._drop(
            lambda each: each.thread == event.thread and _created(each) not in (None, created)
        )

    def sweep(self) -> bool:
        """Leaves threads that have ended: each of them has every end stop the target."""
        now = time.time()
        if now - self._swept <= _SWEEP_EVERY:
            return False
        self._swept = now
        if self._inside is not None:
            self._inside.forget_gone()
        here = self._target.current_thread()
        return self._drop(
            lambda each: each.thread != here and is_gone(self._target, each.thread, _created(each))
        )

    def _drop(self, is_dropped: Callable[[OpenOperation[About]], bool]) -> bool:
        return any(self._finish(each) for each in self._operations.drop(is_dropped))

    def _has_callbacks(self) -> bool:
        """An operation that there is nobody to tell of comes to the same end."""
        if not self.names.listing.entries:
            self.names.refresh()
        return bool(self.names.listing.entries)

    def _turned(self, event: Returned, is_over: bool) -> bool:
        operation, gone = self._operations.of(event)
        self._note_told(event, is_over)
        if operation.about is None:
            operation.about = self.inquiry.look(event)
            if operation.about.notified is not None:
                self._know(event)
        operation.add(event)
        operation.is_over = is_over
        if is_over:
            operation.about = self.inquiry.look_around(operation.about, event)
        else:
            operation.result = None  # until its end is seen
        if is_over or (self._filters.only_blocked and operation.about.notified is None):
            self._operations.end(operation)
        stops = any(self._finish(each) for each in gone)
        return (is_over and self._finish(operation)) or stops

    def _note_told(self, event: Returned, is_over: bool) -> None:
        """The code of some kernels comes to the end of one that is over, too."""
        self._told.pop(event.thread, None)
        if is_over:
            self._told[event.thread] = event
        if len(self._told) > _MOST_THREADS:
            del self._told[next(iter(self._told))]

    def _is_asked_first(self, event: Returned) -> bool:
        """Whether no callback has been asked before this one, and so nobody hears of the end."""
        return event.block != 0 and self.names.is_called_first(event.block)

    def _know(self, event: Returned) -> None:
        """Which callback it is about, where the code says so."""
        if event.block:
            self.names.know(event.block)

    def _returned(self, event: Returned) -> bool:
        if self.sweep():
            return True
        operation, gone = self._operations.of(event)
        if any(self._finish(each) for each in gone):
            return True
        if operation.about is None and self._is_due(event):
            operation.about = self._look(event)
        operation.add(event)
        if operation.is_over:
            self._operations.end(operation)
            return self._finish(operation)
        return False

    def _look(self, event: Returned) -> About:
        about = self.inquiry.look(event)
        if about.notified is not None:
            self.names.refresh()
        return self.inquiry.look_around(about, event)

    def _is_due(self, event: Returned) -> bool:
        """Whether it is time to look closer: at once, or when a callback has refused."""
        filters = self._filters
        bypasses = event.post is None and event.status == STATUS_CALLBACK_BYPASS
        return not filters.only_blocked or _refuses(event) or (filters.or_bypassed and bypasses)

    def _finish(self, operation: OpenOperation[About]) -> bool:
        about = operation.about
        if about is None or about.notified is None:
            return False
        judged = tuple(
            CallbackVerdict(each, self.names.entry(each.block)) for each in operation.verdicts
        )
        if not self._shows(operation, judged):
            return False
        by_verdict = {each.verdict: each for each in judged}
        blocked, turned = operation.blocked_by, operation.turned_by
        bypassed = operation.bypassed_by
        return self._report(
            Operation(
                time=time.time(),
                requestor=about.requestor,
                notified=about.notified.with_problem(self._doubt(operation)),
                around=about.around or (),
                verdicts=judged,
                result=operation.result,
                is_over=operation.is_over,
                blocked_by=by_verdict[blocked] if blocked else None,
                bypassed_by=by_verdict[bypassed] if bypassed else None,
                turned_by=by_verdict[turned] if turned else None,
                stack=stack_frames(
                    self._target, about.stack, about.requestor and about.requestor.process
                ),
                has_every_verdict=self._has_each,
            )
        )

    def _doubt(self, operation: OpenOperation[About]) -> str | None:
        if operation.about and operation.about.around is None:
            return _NO_END
        return _CHANGED if operation.is_changed_unseen and not self._has_each else None

    def _shows(self, operation: OpenOperation[About], judged: tuple[CallbackVerdict, ...]) -> bool:
        """What only the end of an operation tells."""
        bypassed = self._filters.or_bypassed and operation.bypassed_by
        if self._filters.only_blocked and operation.blocked_by is None and not bypassed:
            return False
        return not self._filters.owner or any(self._is_owners(each.callback) for each in judged)

    def _is_owners(self, entry: RegistryCallback | None) -> bool:
        names = (entry.owner.name, entry.owner.module) if entry else ()
        pattern = self._filters.owner
        return pattern is not None and any(name and pattern.fullmatch(name) for name in names)


def _created(operation: OpenOperation[About]) -> int | None:
    """When its thread was made, where that is known."""
    requestor = operation.about.requestor if operation.about else None
    return requestor.create_time if requestor else None


def _is_its_end(post: PostStatus | None, end: Returned, refusal: Returned | None) -> bool:
    """Whether ``end`` is that of the operation that ``refusal`` was the last of: in the same call
    of the dispatcher, with the same status."""
    if post is None or refusal is None:
        return False
    status = 0 if refusal.status == STATUS_CALLBACK_BYPASS else refusal.status
    there = (end.number, end.information, end.stack, post.return_status)
    return there == (refusal.number, refusal.information, refusal.stack, status)


def _refuses(event: Returned) -> bool:
    post: PostStatus | None = event.post
    if post is None:
        bypasses = event.status == STATUS_CALLBACK_BYPASS
        counts = not notify_class(event.number).ignores_status
        return is_failure(event.status) and not bypasses and counts
    return is_failure(post.return_status) and not is_failure(post.status)
