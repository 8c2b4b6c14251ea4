"""Callbacks as they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..live.registrations import Registration, RegistrationWatch
from ..live.stream import Stream
from .live_target import live_target

if TYPE_CHECKING:
    from ..kernel.listing import Listing
    from ..live.steps import Steps
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = ["Watching", "watch"]


def watch(target: Target, *, seconds: float | None = None) -> Watching:
    """Watches callbacks being registered and removed in a live kernel.

    A registration or removal comes when the kernel is done with it, refused ones too. It ends
    after ``seconds``, or when you stop it.

    Raises TargetError for a target that cannot be set going, or whose functions are not known,
    BadArgument.

    >>> with pykd_ext.watch(target) as seen:
    ...     for registration in seen:
    ...         print(registration.kind, registration.altitude, registration.function_symbol)
    ...         break
    register 200010 stage!StageCallback1
    """
    return Watching(live_target(target, "watch", seconds), seconds)


class Watching(Stream[Registration]):
    """Registrations and removals."""

    def __init__(self, target: LiveTarget, seconds: float | None) -> None:
        super().__init__(target)
        self._seconds = seconds
        self._watch = RegistrationWatch(target, self._hear)

    @property
    def listing(self) -> Listing:
        """The callbacks, as they were last read."""
        return self._watch.names.listing

    def _has_enough(self) -> bool:
        return self._watch.has_enough

    def _follow(self) -> Steps:
        return self._watch.follow(self._seconds)
