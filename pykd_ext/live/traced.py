"""What a trace reports: registry operations, each to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..kernel.listing import RegistryCallback
    from ..kernel.requestor import Requestor
    from ..kernel.stack_frames import StackFrame
    from ..notify.classes import NotifyClass
    from ..notify.notification_call import NotificationCall
    from .operations import Verdict

__all__ = ["CallbackVerdict", "Operation"]


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
