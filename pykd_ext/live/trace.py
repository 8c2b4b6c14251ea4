"""Following registry operations through all their callbacks."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..kernel.listing import Entry
from ..kernel.requestor import Requestor, read_requestor
from ..notify.occurrence import Occurrence, read_occurrence
from .breakpoints import Breakpoints
from .callback_names import CallbackNames
from .globs import KeyGlob
from .nearest_paths import NearestPaths
from .nesting import callbacks_around
from .operations import (
    Operation,
    Operations,
    PostStatus,
    Returned,
    Verdict,
    is_failure,
)
from .policy import HANDLE_CLOSE, PRE_CLASSES, STATUS_CALLBACK_BYPASS
from .returns import Placement, follow_returns
from .turns import follow_turns

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Filters", "Judged", "Traced", "Tracer"]

_STACK_LIMIT = 24  # return addresses


class Filters(NamedTuple):
    """Which operations to report; None fits all. What the registers alone decide is decided first,
    then what few reads do: class, refusal, process, key and value."""

    numbers: frozenset[int] = PRE_CLASSES
    only_blocked: bool = False
    process_name: re.Pattern[str] | None = None
    process_id: int | None = None
    keys: tuple[KeyGlob, ...] = ()
    value: re.Pattern[str] | None = None
    owner: re.Pattern[str] | None = None
    nearest: NearestPaths | None = None  # sees the keys that were looked at

    def fit_requestor(self, requestor: Requestor | None) -> bool:
        if self.process_id is not None:
            return requestor is not None and requestor.process_id == self.process_id
        if self.process_name is not None:
            name = requestor.process_name if requestor else None
            return name is not None and self.process_name.fullmatch(name) is not None
        return True

    def fit_occurrence(self, occurrence: Occurrence) -> bool:
        notification = occurrence.notification
        if self.keys:
            paths = [each.path for each in notification.keys if each.path is not None]
            if self.nearest is not None:
                self.nearest.see(paths)
            if not any(glob.matches(path) for glob in self.keys for path in paths):
                return False
        if self.value is not None:
            name = notification.value_name
            return name is not None and self.value.fullmatch(name) is not None
        return True


class _About(NamedTuple):
    """What is found out once of an operation; ``occurrence`` None: it is not wanted."""

    time: float
    requestor: Requestor | None = None
    occurrence: Occurrence | None = None
    around: tuple[Entry | None, ...] = ()
    stack: tuple[int, ...] = ()


class Judged(NamedTuple):
    """A verdict, and the callback whose it is (None: of no list)."""

    verdict: Verdict
    entry: Entry | None


class Traced(NamedTuple):
    """One registry operation, to its end.

    ``time`` is in seconds since 1970; ``around`` are the callbacks that it was asked for in, one of
    each operation around it, the innermost first; ``result`` is what the callbacks let the caller
    have, None where that was not seen. ``stack`` holds the return addresses at the refusal.
    """

    time: float
    requestor: Requestor | None
    occurrence: Occurrence
    around: tuple[Entry | None, ...]
    verdicts: tuple[Judged, ...]
    result: int | None
    is_over: bool
    blocked_by: Judged | None
    bypassed_by: Judged | None
    turned_by: Judged | None
    stack: tuple[str, ...]


class Tracer:
    """Follows a target; ``report`` hears of every operation that ``filters`` let through, and stops
    it all by saying True. With ``stack`` the return addresses at a refusal are kept. ``others`` is
    how many were looked at (by class, and whether they were refused) and did not fit."""

    def __init__(
        self,
        target: LiveTarget,
        filters: Filters,
        report: Callable[[Traced], bool],
        stack: bool = False,
    ) -> None:
        """Raises TargetError where there are no callbacks that can be read."""
        self._target = target
        self._filters = filters
        self._report = report
        self._keeps_stack = stack
        self._operations: Operations[_About] = Operations()
        self.names = CallbackNames(target)
        self.others = 0

    def run(self, placement: Placement, seconds: float | None) -> str:
        """Until ``report`` has enough, ``seconds`` are over or the user stops the target; why, as
        :meth:`LiveTarget.go` says it. All breakpoints are gone then, and after any error too."""
        with self._follow(placement):
            why = self._target.go(seconds)
        if why != "hit":
            any(self._finish(operation) for operation in self._operations.rest())
        return why

    def _follow(self, placement: Placement) -> Breakpoints:
        numbers = self._filters.numbers
        if self._filters.only_blocked and placement.junctions:
            return follow_turns(self._target, placement.junctions, numbers, self)
        return follow_returns(self._target, placement, numbers, self._returned)

    @property
    def awaits_ends(self) -> bool:
        """Whether an operation that was refused is under way."""
        return self._operations.is_any

    def refused(self, event: Returned) -> bool:
        """The first thing that is heard of an operation, and the last for those below."""
        if not _refuses(event):
            return False
        return self._turned(event, is_over=not self._is_told_of_the_end(event.block))

    def overruled(self, event: Returned) -> bool:
        """Of an operation that was refused, or as the refusal."""
        if not _refuses(event) and not self._operations.is_known(event):
            return False
        return self._turned(event, is_over=False)

    def ended(self, event: Returned) -> bool:
        """With the result that the caller gets."""
        if not self._operations.is_known(event) or event.post is None:
            return False
        operation, _ = self._operations.of(event)
        operation.result, operation.is_over = event.post.return_status, True
        self._operations.end(operation)
        return self._finish(operation)

    def _turned(self, event: Returned, is_over: bool) -> bool:
        operation, gone = self._operations.of(event)
        if operation.about is None:
            operation.about = self._look(event)
        operation.add(event)
        operation.is_over = is_over
        if is_over or operation.about.occurrence is None:
            self._operations.end(operation)
        stops = any(self._finish(each) for each in gone)
        return (is_over and self._finish(operation)) or stops

    def _is_told_of_the_end(self, block: int) -> bool:
        """Whether any callback has been asked before ``block``, and so hears of the end."""
        entries = self.names.listing.entries
        return not entries or entries[0].callback.address != block

    def _returned(self, event: Returned) -> bool:
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
        return not self._filters.only_blocked or _refuses(event)

    def _look(self, event: Returned) -> _About:
        target, filters = self._target, self._filters
        now = time.time()
        requestor = read_requestor(target)
        if not filters.fit_requestor(requestor):
            self.others += 1
            return _About(now)
        occurrence = read_occurrence(target, event.number, event.information, requestor=requestor)
        if not filters.fit_occurrence(occurrence):
            self.others += 1
            return _About(now)
        self.names.refresh()
        around = callbacks_around(target, event.thread, event.block)
        if around.problem:
            occurrence = occurrence._replace(problems=(*occurrence.problems, around.problem))
        stack = target.return_addresses(_STACK_LIMIT) if self._keeps_stack else []
        return _About(
            now, requestor, occurrence, tuple(map(self.names.entry, around.blocks)), tuple(stack)
        )

    def _finish(self, operation: Operation[_About]) -> bool:
        about = operation.about
        if about is None or about.occurrence is None:
            return False
        judged = tuple(Judged(each, self.names.entry(each.block)) for each in operation.verdicts)
        if not self._shows(operation, judged):
            return False
        by_verdict = {each.verdict: each for each in judged}
        blocked, turned = operation.blocked_by, operation.turned_by
        bypassed = operation.bypassed_by
        return self._report(
            Traced(
                time=about.time,
                requestor=about.requestor,
                occurrence=about.occurrence,
                around=about.around,
                verdicts=judged,
                result=operation.result,
                is_over=operation.is_over,
                blocked_by=by_verdict[blocked] if blocked else None,
                bypassed_by=by_verdict[bypassed] if bypassed else None,
                turned_by=by_verdict[turned] if turned else None,
                stack=tuple(map(self._place, about.stack)),
            )
        )

    def _shows(self, operation: Operation[_About], judged: tuple[Judged, ...]) -> bool:
        """What only the end of an operation tells."""
        if self._filters.only_blocked and operation.blocked_by is None:
            return False
        return not self._filters.owner or any(self._is_owners(each.entry) for each in judged)

    def _is_owners(self, entry: Entry | None) -> bool:
        names = (entry.owner.name, entry.owner.module) if entry else ()
        pattern = self._filters.owner
        return pattern is not None and any(name and pattern.fullmatch(name) for name in names)

    def _place(self, address: int) -> str:
        return str(self._target.nearest_symbol(address) or f"{address:#x}")


def _refuses(event: Returned) -> bool:
    post: PostStatus | None = event.post
    if post is None:
        bypasses = event.status == STATUS_CALLBACK_BYPASS
        return is_failure(event.status) and not bypasses and event.number != HANDLE_CLOSE
    return is_failure(post.return_status) and not is_failure(post.status)
