"""Following operations by the turns that they take: a refusal, a result that a callback changes,
the end. Where none of these happens nothing stops the target, however many callbacks there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Callable, NamedTuple, Protocol

from ..notify.classes import notify_class
from ..target.errors import MemoryUnreadable, RegcbError
from .breakpoints import Breakpoints
from .junctions import Junction, Junctions
from .operations import LARGEST_STACK, Returned
from .passed_over import NOT_ALL_VERDICTS, pass_over
from .policy import PRE_CLASSES
from .read_ahead import read_stack_ahead
from .returns import read_post, value_at
from .services import ThreadsInside

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["END", "OVERRULING", "REFUSAL", "Turns", "follow_turns"]

REFUSAL, OVERRULING, END = "refusal", "overruling", "end"


class Turns(Protocol):
    """Who hears of them; where one says True the target stays stopped.

    An event's ``status`` is what the callback returned, 0 at the end; its ``block`` is 0 there.
    """

    def is_of_interest(self, turn: str) -> bool:
        """Whether anything is to be read of what the thread does that the target is stopped in, at
        a :data:`REFUSAL`, an :data:`OVERRULING` or an :data:`END`, or before one."""

    def refused(self, event: Returned) -> bool:
        """A pre-notification came back with a failure."""

    def overruled(self, event: Returned) -> bool:
        """A post-notification came back with another result, and said so."""

    def ended(self, event: Returned) -> bool:
        """Nobody else is told of the operation."""

    def sweep(self) -> bool:
        """At every end, of whatever operation: now and then what nobody else will be heard of."""

    @property
    def awaits_ends(self) -> bool:
        """Whether the next end is of interest: others are passed by."""


class _Place(NamedTuple):
    turn: str
    junction: Junction
    tell: Callable[[Returned], bool]


def follow_turns(
    target: LiveTarget,
    junctions: Junctions,
    numbers: frozenset[int],
    turns: Turns,
    services: Sequence[int] = (),
    inside: ThreadsInside | None = None,
) -> Breakpoints:
    """Sets the breakpoints: ``turns`` hears of operations whose pre class is one of ``numbers``.

    Where these have ``services`` (:func:`.services.services_of`), it hears of threads that have
    begun one, which ``inside`` knows, and as long as there is none only the services' starts have
    breakpoints. They go when the block of what is returned is left. Raises TargetError.
    """
    breakpoints = Breakpoints(target)
    places = [
        *(_Place(REFUSAL, each, turns.refused) for each in junctions.refusals),
        *(_Place(OVERRULING, each, turns.overruled) for each in junctions.overrulings),
        *(_Place(END, each, turns.ended) for each in junctions.ends),
    ]
    follower = _Follower(target, breakpoints, junctions, numbers, turns, inside)
    try:
        for place in places:
            comes_and_goes = place.turn == END and not turns.awaits_ends and inside is None
            hit = partial(follower.hit, place)
            breakpoints.add(place.junction.address, hit, hardware=not comes_and_goes)
        for service in services:
            breakpoints.add(service, follower.enter, hardware=True)
        follower.look()
    except RegcbError:
        breakpoints.__exit__()
        raise
    return breakpoints


class _Follower:
    """Reads what has happened at a junction."""

    def __init__(
        self,
        target: LiveTarget,
        breakpoints: Breakpoints,
        junctions: Junctions,
        numbers: frozenset[int],
        turns: Turns,
        inside: ThreadsInside | None,
    ) -> None:
        self._target, self._breakpoints = target, breakpoints
        passing = [junctions.ends] if inside is None else junctions
        self._passing = [each.address for kind in passing for each in kind]
        self._looks = True
        self._numbers, self._turns = numbers, turns
        self._is_for_all_classes = numbers >= PRE_CLASSES
        self._inside = inside

    def look(self) -> None:
        """At ends, and with services at everything, as far as anybody wants to hear of it."""
        if self._looks != self._turns.awaits_ends:
            self._looks = self._turns.awaits_ends
            for each in self._passing:
                self._breakpoints.enable(each, self._looks)

    def enter(self) -> bool:
        """A service is begun."""
        if self._inside is not None and self._turns.is_of_interest(END):
            self._inside.enter()
            self.look()
        return False

    def hit(self, place: _Place) -> bool:
        """Where something cannot be read, it is as if it had not happened."""
        if place.turn == END:
            if self._turns.sweep():
                return True
            self.look()
        inside = self._inside
        if inside is not None and not inside.has_this:
            return False
        if self._is_for_all_classes and not self._turns.is_of_interest(place.turn):
            return False
        try:
            event = self._event(place.junction)
        except MemoryUnreadable:
            return pass_over(self._target, NOT_ALL_VERDICTS)
        is_begun = event is not None and event.post is None  # Vista comes there before one, too
        if inside is not None and place.turn == END and not is_begun:
            inside.leave(is_services=event is not None)
        stops = event is not None and place.tell(event)
        self.look()
        return stops

    def _event(self, junction: Junction) -> Returned | None:
        target = self._target
        assert junction.notify_class and junction.information
        stack = read_stack_ahead(target)
        about = notify_class(value_at(target, junction.notify_class) & 0xFFFF_FFFF)
        number = about.pair if about.phase == "post" else about.number
        if number not in self._numbers:
            return None
        information, post = value_at(target, junction.information), None
        if about.phase == "post":
            information, post = read_post(target, information)
            if not stack < information < stack + LARGEST_STACK:
                return None  # code that nobody was told by comes there too
        status = 0
        if junction.status is not None:
            status = value_at(target, junction.status) & 0xFFFF_FFFF
        return Returned(
            thread=target.current_thread(),
            stack=stack,
            block=value_at(target, junction.block) if junction.block else 0,
            number=number,
            information=information,
            status=status,
            post=post,
        )
