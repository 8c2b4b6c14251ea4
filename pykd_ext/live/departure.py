"""A callback that is unregistered while somebody is at it, as when its driver is unloaded, and that
comes back when it is loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.listing import RegistryCallback
from ..target.errors import MemoryUnreadable, SymbolNotFound
from .breakpoints import Breakpoints
from .passed_over import pass_over
from .pending_calls import PendingCalls
from .registrations import UNREGISTER, Registration, RegistrationWatch, call_to_unregister

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Departure", "wait_for_return"]


class Departure:
    """Hears of that of ``entry``; ``is_over`` once it was unregistered, which stops the target
    before its driver can go."""

    def __init__(
        self, target: LiveTarget, breakpoints: Breakpoints, entry: RegistryCallback
    ) -> None:
        self._target, self._breakpoints, self._cookie = target, breakpoints, entry.cookie
        self._pending: PendingCalls[None] = PendingCalls(target)
        self.is_over = False

    def watch(self) -> None:
        """Sets its breakpoint, where the function is known; raises TargetError."""
        try:
            function = self._target.symbol(UNREGISTER)
        except SymbolNotFound:
            return
        self._breakpoints.add(function, self._enter)

    def _enter(self) -> bool:
        try:
            call, cookie = call_to_unregister(self._target)
        except MemoryUnreadable:
            return pass_over(self._target, "whether the callback was removed is not known")
        if cookie == self._cookie:
            self._pending.enter(call, None)
            self._breakpoints.add(call.back, self._leave)
        return False

    def _leave(self) -> bool:
        if self._pending.leave() is None:
            return False
        self.is_over = True
        return True


def wait_for_return(
    target: LiveTarget, entry: RegistryCallback, seconds: float | None
) -> tuple[str, RegistryCallback | None]:
    """Lets ``target`` run until the driver of ``entry`` registers the same function again, and
    comes back with that; otherwise None, and why the target has stopped (:meth:`LiveTarget.go`)."""
    found: list[RegistryCallback] = []

    def report(registration: Registration) -> bool:
        new = registration.callback
        if registration.kind == "register" and new is not None and _name(new) == _name(entry):
            found.append(new)
        return bool(found)

    why = RegistrationWatch(target, report).run(seconds)
    return why, found[0] if found else None


def _name(entry: RegistryCallback) -> tuple[str | None, str | None]:
    return entry.owner.name, entry.function_symbol
