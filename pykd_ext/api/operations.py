"""Registry operations as they happen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable

from ..live.breakpoints import can_stay
from ..live.filters import Filters
from ..live.first_call import await_first_call
from ..live.globs import KeyGlob, name_pattern, process_pattern, value_pattern
from ..live.nearest_paths import NearestPaths
from ..live.policy import PRE_CLASSES
from ..live.refusal_stop import RefusalStop
from ..live.refused_key import security_of_refused
from ..live.returns import place, places_of
from ..live.stream import Stream
from ..live.trace import Tracer
from ..live.traced import Operation
from ..notify.class_names import GivenClass, class_given
from .live_target import live_target

if TYPE_CHECKING:
    from ..kernel.listing import Listing
    from ..kernel.security_descriptor import SecurityDescriptor
    from ..live.steps import Steps
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = ["Trace", "trace"]


def trace(
    target: Target,
    *,
    keys: Iterable[str] = (),
    value: str | None = None,
    classes: Iterable[GivenClass] = (),
    process: str | int | None = None,
    thread_id: int | None = None,
    owner: str | None = None,
    only_blocked: bool = False,
    or_bypassed: bool = False,
    each: bool = False,
    stack: bool = False,
    in_callback: bool = False,
    seconds: float | None = None,
    on_nearest: Callable[[list[str]], None] | None = None,
) -> Trace:
    r"""Follows registry operations of a live kernel through all their callbacks.

    An operation comes when it has ended, those that a callback asked for before the one that it was
    told of. Only those come that fit all that is given: ``keys`` are full paths, from HKLM, HKU,
    HKCU, HKCR or \REGISTRY on, with ``*`` within a name and ``**`` across names; ``value`` the name
    of a value, with ``*`` and ``?``, ``@`` for the unnamed one; ``classes`` notify classes by name
    or number, of which a post class means its operation; ``process`` the name or number of the one
    that asks, ``thread_id`` the number of its thread; ``owner`` a driver whose callback has judged.
    ``only_blocked``: what a callback has refused, with ``or_bypassed`` also what one has done in
    the kernel's place. ``each`` stops for the verdict of every callback, otherwise for who refuses
    or overrules; ``stack`` keeps the call stack at a refusal. ``in_callback`` leaves the target in
    the callback that refuses, at its return; what comes of the operation is not waited for, and
    every verdict costs a stop.

    It ends after ``seconds``, or when you stop it. ``on_nearest`` hears once, after a while or at
    the end, which paths were nearest to ``keys`` where none has fitted.

    Raises TargetError for a target that cannot be set going, or where nothing can be followed,
    BadArgument for what can fit nothing; the stream raises ConnectionLost.

    >>> with pykd_ext.trace(target, keys=[r"HKLM\SOFTWARE\RegProtect"], only_blocked=True) as found:
    ...     for operation in found:
    ...         blocked = operation.blocked_by
    ...         print(operation.requestor.process_name, blocked.verdict.verdict, "by",
    ...               blocked.callback.owner.name, blocked.callback.altitude)
    ...         break
    regedit.exe blocked by regprotect.sys 140000
    """
    is_number = isinstance(process, int)
    globs = tuple(map(KeyGlob, keys))
    filters = Filters(
        numbers=_numbers(classes),
        only_blocked=only_blocked,
        or_bypassed=or_bypassed,
        process_name=process_pattern(str(process)) if process and not is_number else None,
        process_id=process if isinstance(process, int) else None,
        thread_id=thread_id,
        keys=globs,
        value=None if value is None else value_pattern(value),
        owner=name_pattern(owner) if owner else None,
        nearest=NearestPaths(globs, on_nearest or _ignore),
    )
    live = live_target(target, "trace", seconds)
    return Trace(live, filters, each, stack, in_callback, seconds)


class Trace(Stream[Operation]):
    """Operations, each as all its callbacks saw it (:class:`.live.traced.Operation`).

    ``problems`` say what will not be seen, and why; without the kernel's symbols that is known once
    it runs. ``others`` is how many operations were looked at and did not fit.
    """

    def __init__(
        self,
        target: LiveTarget,
        filters: Filters,
        each: bool,
        stack: bool,
        in_callback: bool,
        seconds: float | None,
    ) -> None:
        super().__init__(target)
        self._filters, self._each, self._seconds = filters, each, seconds
        self._tracer = Tracer(target, filters, self._hear, stack, each)
        self._plan = place(target)
        self._stays = in_callback
        self._refusals = RefusalStop(
            target,
            [each.block for each in self.listing],
            filters.numbers,
            self._tracer.refusal,
        )

    @property
    def problems(self) -> list[str]:
        """What nobody will see of what happens."""
        return self._plan.problems

    @property
    def keys(self) -> tuple[KeyGlob, ...]:
        """Those that were asked for."""
        return self._filters.keys

    @property
    def listing(self) -> Listing:
        """The callbacks, as they were last read."""
        return self._tracer.names.listing

    @property
    def is_airtight(self) -> bool:
        """Whether nothing passes on one processor while another one goes on from a stop."""
        places = places_of(self._plan, self._each or self._filters.owner is not None)
        return all(can_stay(self.target, each) for each in places)

    @property
    def others(self) -> int:
        """How many operations did not fit."""
        return self._tracer.inquiry.others

    @property
    def is_in_callback(self) -> bool:
        """Whether the target was left in a callback."""
        return self._refusals.is_in_callback

    def security_of(self, refused: Operation) -> SecurityDescriptor | str:
        """The security descriptor of the key that the kernel itself ``refused``, or why it is not
        known."""
        return security_of_refused(self.target, self._tracer.inquiry, refused)

    def end_nearest(self) -> None:
        """Tells ``on_nearest`` now, unless it was told."""
        if self._filters.nearest is not None:
            self._filters.nearest.end()

    def _follow(self) -> Steps:
        seconds = self._seconds
        if self._plan.is_unnamed:
            first = await_first_call(self.target, self._plan, seconds)
            self._plan, seconds = first.plan, first.seconds
            if first.why != "hit":
                return first.why
        follower = self._refusals if self._stays else self._tracer
        return (yield from follower.follow(self._plan, seconds))


def _numbers(classes: Iterable[GivenClass]) -> frozenset[int]:
    """The pre classes that are meant: a post class means its operation."""
    found = [class_given(each) for each in classes]
    if not found:
        return frozenset(PRE_CLASSES)
    return frozenset(
        each.pair if each.phase == "post" and each.pair is not None else each for each in found
    )


def _ignore(_: list[str]) -> None:
    """Nobody wants to know."""
