"""Following registry operations through all their callbacks."""

from __future__ import annotations

import re
import time
from functools import partial
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..kernel.builds import refusals_stand
from ..kernel.key_layouts import KEY_BODIES
from ..kernel.key_objects import KnownBlocks
from ..kernel.listing import RegistryCallback
from ..kernel.requestor import NO_REQUESTOR, ProcessNames, Requestor, read_requestor
from ..kernel.stack_frames import StackFrame, stack_frames
from ..notify.classes import NotifyClass, notify_class
from ..notify.notification_call import NotificationCall, read_notification_call
from ..notify.structures import structure
from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from .breakpoints import Breakpoints
from .callback_names import CallbackNames
from .globs import KeyGlob
from .key_paths import kernel_form
from .nearest_paths import NearestPaths
from .nesting import callbacks_around
from .operations import (
    OpenOperation,
    Operations,
    PostStatus,
    Returned,
    Verdict,
    is_failure,
)
from .passed_over import pass_over
from .policy import PRE_CLASSES, STATUS_CALLBACK_BYPASS
from .read_ahead import read_ahead, read_value_ahead, thread_fields
from .returns import BreakpointPlan, follow_returns
from .services import ThreadsInside, services_of
from .steps import Steps, go_on, until
from .thread_lives import create_time, is_gone, stack_limits
from .turns import END, REFUSAL, follow_turns

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["CallbackVerdict", "Filters", "Operation", "Tracer"]

_STACK_LIMIT = 24  # return addresses
_LASTS = 5.0  # seconds that the path of a key is taken for unchanged; its parent may be renamed
_KEPT = 1000  # names, and as many keys
_CHANGED = "a callback has changed the result and not said so: --each tells which"


class Filters(NamedTuple):
    """Which operations to report; None fits all. What the registers alone decide is decided first,
    then what few reads do: class, refusal, process, key and value."""

    numbers: frozenset[int] = PRE_CLASSES
    only_blocked: bool = False
    or_bypassed: bool = False  # beside only_blocked: those that a callback has taken over, too
    process_name: re.Pattern[str] | None = None
    process_id: int | None = None
    thread_id: int | None = None
    keys: tuple[KeyGlob, ...] = ()
    value: re.Pattern[str] | None = None
    owner: re.Pattern[str] | None = None
    nearest: NearestPaths | None = None  # sees the keys that were looked at

    @property
    def choose_requestors(self) -> bool:
        """Whether :meth:`fit_requestor` ever says no."""
        return (self.process_name, self.process_id, self.thread_id) != (None, None, None)

    def fit_requestor(self, requestor: Requestor | None) -> bool:
        if self.thread_id is not None and (
            requestor is None or requestor.thread_id != self.thread_id
        ):
            return False
        if self.process_id is not None:
            return requestor is not None and requestor.process_id == self.process_id
        if self.process_name is not None:
            name = requestor.process_name if requestor else None
            return name is not None and self.process_name.fullmatch(name) is not None
        return True

    def fit_keys(self, notified: NotificationCall) -> bool:
        keys = notified.notification.keys
        paths = [each.path for each in keys if each.path is not None]
        if self.keys and self.nearest is not None:
            self.nearest.see(paths)
        return not self.keys or any(glob.matches(path) for glob in self.keys for path in paths)

    def fit_value(self, notified: NotificationCall) -> bool:
        if self.value is None:
            return True
        name = notified.notification.value_name
        return name is not None and self.value.fullmatch(name) is not None


class _About(NamedTuple):
    """What is found out once of an operation; ``notified`` None: it is not wanted."""

    requestor: Requestor | None = None
    notified: NotificationCall | None = None
    around: tuple[RegistryCallback | None, ...] = ()
    stack: tuple[int, ...] = ()


class CallbackVerdict(NamedTuple):
    """A verdict, and the callback whose it is (None: of no list)."""

    verdict: Verdict
    callback: RegistryCallback | None


class Operation(NamedTuple):
    """One registry operation, to its end.

    ``time`` is in seconds since 1970, when its end was seen: they are reported in that order, what
    a callback asks for before the operation that it is told of. ``around`` are the callbacks that
    it was asked for in, one of each operation around it, the innermost first; ``result`` is what
    the callbacks let the caller have, None where that was not seen. ``stack`` holds the return
    addresses at the refusal.
    """

    time: float
    requestor: Requestor | None
    notified: NotificationCall
    around: tuple[RegistryCallback | None, ...]
    verdicts: tuple[CallbackVerdict, ...]
    result: int | None
    is_over: bool
    blocked_by: CallbackVerdict | None
    bypassed_by: CallbackVerdict | None
    turned_by: CallbackVerdict | None
    stack: tuple[StackFrame, ...]
    has_every_verdict: bool = True

    @property
    def notify_class(self) -> NotifyClass:
        """The class of its pre-notification."""
        return self.notified.notification.notify_class

    @property
    def key(self) -> str | None:
        """The full path of the key, of a rename its old one; None where it is not known."""
        return next((each.path for each in self.notified.notification.keys), None)

    @property
    def value_name(self) -> str | None:
        """The name of the value that it is about, "" for the unnamed one; None for none."""
        return self.notified.notification.value_name


class Tracer:
    """Follows a target; ``report`` hears of every operation that ``filters`` let through, and stops
    it all by saying True. With ``each`` it stops for the verdict of every callback, otherwise where
    one refuses or overrules, and at the end (:mod:`.turns`); with ``stack`` the return addresses at
    a refusal are kept. ``others`` is how many were looked at (by class, and whether they were
    refused) and did not fit."""

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
        self._keeps_stack = stack
        self._wants_each = each or filters.owner is not None
        self._has_each = True
        self._operations: Operations[_About] = Operations(
            refusals_stand(target.build), partial(stack_limits, target)
        )
        self._known_processes: ProcessNames = {}
        self._known_keys: KnownBlocks = {}
        self._other_keys: set[int] = set()
        self._fitting_keys: dict[str, int] = {}
        self._inside: ThreadsInside | None = None
        self._known_since = self._swept = 0.0
        self._thread_fields = thread_fields(target)
        self.names = CallbackNames(target)
        self.others = 0

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
        filters = self._filters
        if not filters.choose_requestors or self._fits_requestor(self._requestor()):
            return True
        self.others += turn == (REFUSAL if filters.only_blocked else END)
        return False

    def refused(self, event: Returned) -> bool:
        """The first thing that is heard of an operation, and the last for those below."""
        if not self._is_due(event):
            return False
        is_over = not self._is_told_of_the_end(event.block)
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
        if self._is_told_of_the_end(event.block):
            operation.result, operation.is_over = None, False
        self._has_each = False
        return self._finish(operation)

    def ended(self, event: Returned) -> bool:
        """With the result that the caller gets."""
        if self._leave_former_thread(event) or self._leave_ended_threads():
            return True
        is_known = self._operations.is_known(event)
        if self._filters.only_blocked and not is_known:
            return False
        if event.post is None and not (is_known and self._operations.refusals_stand):
            return False
        if not is_known and not self._has_callbacks():
            return False
        operation, gone = self._operations.of(event)
        if operation.about is None:
            operation.about = self._look(event)
        operation.end(event.post)
        self._operations.end(operation)
        stops = any(self._finish(each) for each in gone)
        return self._finish(operation) or stops

    def _leave_former_thread(self, event: Returned) -> bool:
        """What a thread has left open that was at this one's place before it. Like this the first
        that is heard of a thread may be an end; where every verdict is seen, a beginning is."""
        if not self._operations.is_known(event):
            return False
        created = create_time(self._target, event.thread)
        if created is None:
            return False
        return self._drop(
            lambda each: each.thread == event.thread and _created(each) not in (None, created)
        )

    def _leave_ended_threads(self) -> bool:
        """Looked for now and then: each of them has every end stop the target."""
        now = time.time()
        if now - self._swept <= _LASTS:
            return False
        self._swept = now
        if self._inside is not None:
            self._inside.forget_gone()
        here = self._target.current_thread()
        return self._drop(
            lambda each: each.thread != here and is_gone(self._target, each.thread, _created(each))
        )

    def _drop(self, is_dropped: Callable[[OpenOperation[_About]], bool]) -> bool:
        return any(self._finish(each) for each in self._operations.drop(is_dropped))

    def _has_callbacks(self) -> bool:
        """An operation that there is nobody to tell of comes to the same end."""
        if not self.names.listing.entries:
            self.names.refresh()
        return bool(self.names.listing.entries)

    def _turned(self, event: Returned, is_over: bool) -> bool:
        operation, gone = self._operations.of(event)
        if operation.about is None:
            operation.about = self._look(event)
        operation.add(event)
        operation.is_over = is_over
        if not is_over:
            operation.result = None  # until its end is seen
        if is_over or (self._filters.only_blocked and operation.about.notified is None):
            self._operations.end(operation)
        stops = any(self._finish(each) for each in gone)
        return (is_over and self._finish(operation)) or stops

    def _is_told_of_the_end(self, block: int) -> bool:
        """Whether any callback has been asked before ``block``, and so hears of the end."""
        self.names.refresh()
        entries = self.names.listing.entries
        return not entries or entries[0].block.address != block

    def _returned(self, event: Returned) -> bool:
        if self._leave_ended_threads():
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

    def _is_due(self, event: Returned) -> bool:
        """Whether it is time to look closer: at once, or when a callback has refused."""
        filters = self._filters
        bypasses = event.post is None and event.status == STATUS_CALLBACK_BYPASS
        return not filters.only_blocked or _refuses(event) or (filters.or_bypassed and bypasses)

    def _look(self, event: Returned) -> _About:
        """What there is to be known of an operation, unless it does not fit: the key is asked
        first, of which little has to be read."""
        target, filters = self._target, self._filters
        self._forget(time.time())
        block = self._key_control_block(event) if filters.keys else None
        if block in self._other_keys:
            self.others += 1
            return _About()
        requestor = self._requestor()
        if not self._fits_requestor(requestor):
            self.others += 1
            return _About()
        read_value_ahead(target, event.number, event.information)
        notified = read_notification_call(
            target, event.number, event.information, requestor=requestor, known=self._known_keys
        )
        fits = filters.fit_keys(notified)
        if block is not None and not fits:
            self._other_keys.add(block)
        if not fits and filters.keys and _has_lost_its_key(notified):
            pass_over(target, "not all operations could be told by their key")
        if requestor is None:
            notified = notified._replace(problems=(*notified.problems, NO_REQUESTOR))
        if not fits or not filters.fit_value(notified):
            self.others += 1
            return _About()
        if block is not None:
            self._note_fitting(notified, block)
        around = callbacks_around(target, event.thread, event.block)
        if around.problem:
            notified = notified._replace(problems=(*notified.problems, around.problem))
        if event.block or around.blocks:
            self.names.refresh()
        stack = target.return_addresses(_STACK_LIMIT) if self._keeps_stack else []
        return _About(
            requestor, notified, tuple(map(self.names.entry, around.blocks)), tuple(stack)
        )

    def _fits_requestor(self, requestor: Requestor | None) -> bool:
        if self._filters.fit_requestor(requestor):
            return True
        known = requestor and (requestor.thread_id, requestor.process_id, requestor.process_name)
        if not known or None in known:
            pass_over(self._target, "not all operations could be told by who asks")
        return False

    def _note_fitting(self, notified: NotificationCall, block: int) -> None:
        paths = [each.path for each in notified.notification.keys if each.path is not None]
        if paths and len(self._fitting_keys) < _KEPT:
            self._fitting_keys[kernel_form(paths[0])] = block

    def key_control_block(self, path: str) -> int | None:
        """A VA at which that of the key ``path``, one of those that ``filters`` mean, has been;
        None where no operation on it when it was open was seen."""
        return self._fitting_keys.get(kernel_form(path))

    def _requestor(self) -> Requestor | None:
        fields = self._thread_fields
        if fields:
            read_ahead(self._target, self._target.current_thread() + fields.start, len(fields))
        return read_requestor(self._target, self._known_processes)

    def _forget(self, now: float) -> None:
        """What may have changed since it was read."""
        are_many = len(self._known_keys) > _KEPT or len(self._other_keys) > _KEPT
        if are_many or now - self._known_since > _LASTS:
            self._known_since = now
            self._known_keys.clear()
            self._other_keys.clear()
        if len(self._known_processes) > _KEPT:
            self._known_processes.clear()

    def _key_control_block(self, event: Returned) -> int | None:
        """Of the key that the operation is about as a whole: None where it is named."""
        names = notify_class(event.number).structures
        if not names:
            return None
        size = self._target.memory.pointer_size
        first = structure(names[0], size).members[0]
        if first.name != "Object":
            return None
        try:
            key = self._pointer(event.information + first.offset)
            layout = KEY_BODIES.layout(self._target)
            return self._pointer(key + layout.key_control_block)
        except MemoryUnreadable:
            return None

    def _pointer(self, address: int) -> int:
        size = self._target.memory.pointer_size
        return unsigned(self._target.read(address, size))

    def _finish(self, operation: OpenOperation[_About]) -> bool:
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
                notified=self._with_doubts(about.notified, operation),
                around=about.around,
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

    def _with_doubts(
        self, notified: NotificationCall, operation: OpenOperation[_About]
    ) -> NotificationCall:
        if self._has_each or not operation.is_changed_unseen:
            return notified
        return notified._replace(problems=(*notified.problems, _CHANGED))

    def _shows(self, operation: OpenOperation[_About], judged: tuple[CallbackVerdict, ...]) -> bool:
        """What only the end of an operation tells."""
        bypassed = self._filters.or_bypassed and operation.bypassed_by
        if self._filters.only_blocked and operation.blocked_by is None and not bypassed:
            return False
        return not self._filters.owner or any(self._is_owners(each.callback) for each in judged)

    def _is_owners(self, entry: RegistryCallback | None) -> bool:
        names = (entry.owner.name, entry.owner.module) if entry else ()
        pattern = self._filters.owner
        return pattern is not None and any(name and pattern.fullmatch(name) for name in names)


def _created(operation: OpenOperation[_About]) -> int | None:
    """When its thread was made, where that is known."""
    requestor = operation.about.requestor if operation.about else None
    return requestor.create_time if requestor else None


def _refuses(event: Returned) -> bool:
    post: PostStatus | None = event.post
    if post is None:
        bypasses = event.status == STATUS_CALLBACK_BYPASS
        counts = not notify_class(event.number).ignores_status
        return is_failure(event.status) and not bypasses and counts
    return is_failure(post.return_status) and not is_failure(post.status)


def _has_lost_its_key(notified: NotificationCall) -> bool:
    """Whether none of its keys' paths is known, and something could not be read."""
    keys = notified.notification.keys
    return bool(keys and notified.problems) and all(each.path is None for each in keys)
