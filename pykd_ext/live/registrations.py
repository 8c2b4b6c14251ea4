"""Callbacks that are registered and removed while the target runs."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..kernel.altitude_order import altitude_key
from ..kernel.drivers import Drivers, Owner
from ..kernel.listing import RegistryCallback, symbol_text
from ..kernel.requestor import Requestor, read_requestor
from ..kernel.stack_frames import StackFrame, stack_frames
from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable, SymbolNotFound, TargetError
from ..target.fields import unsigned
from .breakpoints import Breakpoints
from .callback_names import CallbackNames
from .calls import FunctionCall, entered, status_of
from .passed_over import pass_over
from .pending_calls import PendingCalls
from .steps import Steps, go_on, until

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = ["UNREGISTER", "Registration", "RegistrationWatch", "call_to_unregister"]

UNREGISTER = "CmUnRegisterCallback"

_STACK_LIMIT = 24  # return addresses
_ALTITUDE_LIMIT = 0x400  # bytes
_COLLISION = 0xC01C0011  # STATUS_FLT_INSTANCE_ALTITUDE_COLLISION (SOURCES 2.1)


class _Function(NamedTuple):
    """An exported function of wdm.h: its arguments by number, None where it has no such one."""

    name: str
    kind: str
    arguments: int
    function: int | None = None
    altitude: int | None = None
    context: int | None = None
    cookie: int | None = None  # PLARGE_INTEGER


_FUNCTIONS = (
    _Function("CmRegisterCallbackEx", "register", 6, 0, 1, 3, 4),
    _Function("CmRegisterCallback", "register", 3, 0, None, 1, 2),
    _Function(UNREGISTER, "unregister", 1),
)


class Registration(NamedTuple):
    """One registration or removal, when it is done.

    ``kind`` is ``register`` or ``unregister``. ``entry`` is the callback as the kernel lists it, or
    did before it was removed; None when it was never there. ``owner`` is the image of ``function``.
    ``holders`` have the altitude that a refused registration asked for.
    """

    time: float
    kind: str
    requestor: Requestor | None
    function: int | None
    function_symbol: str | None
    owner: Owner | None
    altitude: str | None
    context: int | None
    cookie: int | None
    status: int
    callback: RegistryCallback | None
    stack: tuple[StackFrame, ...]
    holders: tuple[RegistryCallback, ...] = ()


class _Pending(NamedTuple):
    """What is known of a call that is not back yet."""

    which: _Function
    cookie: int | None
    altitude: str | None
    requestor: Requestor | None
    stack: tuple[StackFrame, ...]


class RegistrationWatch:
    """Watches nt's three functions; ``report`` hears of every call once it is back, and stops it
    all by saying True.

    A breakpoint where a call goes back to is taken out as soon as it was hit: it lies in a driver,
    whose code may be discarded soon.
    """

    def __init__(self, target: LiveTarget, report: Callable[[Registration], bool]) -> None:
        """Raises TargetError where nt's functions are not known, or the callbacks not readable."""
        self._target, self._report = target, report
        self._breakpoints = Breakpoints(target)
        self._pending: PendingCalls[_Pending] = PendingCalls(target)
        self._done: list[int] = []
        self.has_enough = False
        self._places = dict(self._functions())
        self.names = CallbackNames(target)

    def run(self, seconds: float | None) -> str:
        """Until ``report`` has enough, ``seconds`` are over or the user stops the target; why, as
        :meth:`LiveTarget.go` says it. All breakpoints are gone then, and after any error too."""
        return until(self.follow(seconds), lambda: self.has_enough)

    def follow(self, seconds: float | None) -> Steps:
        """The same in steps, one for each call that is back, of which ``report`` has heard."""
        with self._breakpoints:
            for address, which in self._places.items():
                self._breakpoints.add(address, partial(self._enter, which))
            return (yield from go_on(self._target, seconds, self._drop_returns))

    def _functions(self) -> list[tuple[int, _Function]]:
        found = []
        for each in _FUNCTIONS:
            try:
                found.append((self._target.symbol(each.name), each))
            except SymbolNotFound as error:
                if each.kind == "unregister" or not found:
                    raise TargetError(str(error)) from None
        return found

    def _drop_returns(self) -> None:
        waited_for = {each.entry.back for each in self._pending}
        for address in self._done:
            if address not in waited_for:
                self._breakpoints.drop(address)
        self._done.clear()

    def _enter(self, which: _Function) -> bool:
        target = self._target
        try:
            call = entered(target, _words(which, target.architecture))
        except MemoryUnreadable:
            return pass_over(target, "not all registrations and removals were seen")
        if self._pending.is_inside(call):
            return False  # one of these functions calls another
        addresses = target.return_addresses(_STACK_LIMIT)
        if call.back not in addresses:  # x86 without symbols: there is no frame yet
            addresses.insert(1, call.back)
        requestor = read_requestor(target)
        stack = stack_frames(target, addresses, requestor and requestor.process)
        pending = _Pending(
            which, _unregistered(which, call), self._altitude(which, call), requestor, stack
        )
        if which.kind == "unregister" and pending.cookie is not None:
            self._entry(pending.cookie)  # while it is still there to be read
        self._pending.enter(call, pending)
        self._breakpoints.add(call.back, self._leave)
        return False

    def _leave(self) -> bool:
        call = self._pending.leave()
        if call is None:
            return False
        self._done.append(call.entry.back)
        self.has_enough = self._report(self._registration(call.entry, call.about))
        return True

    def _registration(self, entered_by: FunctionCall, call: _Pending) -> Registration:
        target, which = self._target, call.which
        status = status_of(target)
        cookie, entry = call.cookie, None
        if which.kind == "register":
            self.names.refresh()
            cookie = self._cookie(which, entered_by) if not status & 0x8000_0000 else None
        if cookie is not None:
            entry = self._entry(cookie)
        callback = entry.block if entry else None
        function = self._argument(which.function, entered_by, callback and callback.function)
        owner = Drivers(target).owner(function) if function else None
        if entry is not None and which.kind == "unregister":
            owner = entry.owner
        return Registration(
            time=time.time(),
            kind=which.kind,
            requestor=call.requestor,
            function=function,
            function_symbol=self._symbol(function, owner, entry),
            owner=owner,
            altitude=call.altitude or (callback.altitude if callback else None),
            context=self._argument(which.context, entered_by, callback and callback.context),
            cookie=cookie,
            status=status,
            callback=entry,
            stack=call.stack,
            holders=self._holders(call.altitude) if status == _COLLISION else (),
        )

    def _holders(self, altitude: str | None) -> tuple[RegistryCallback, ...]:
        """Who has it, as the kernel compares altitudes, in calling order."""
        if altitude is None:
            return ()
        key = altitude_key(altitude)
        return tuple(
            each
            for each in self.names.listing.entries
            if each.block.altitude is not None and altitude_key(each.block.altitude) == key
        )

    def _symbol(
        self, function: int | None, owner: Owner | None, entry: RegistryCallback | None
    ) -> str | None:
        if entry is not None:
            return entry.function_symbol
        return symbol_text(self._target, owner, function) if function and owner else None

    def _argument(
        self, number: int | None, call: FunctionCall, otherwise: int | None
    ) -> int | None:
        return otherwise if number is None else call.arguments[number]

    def _entry(self, cookie: int) -> RegistryCallback | None:
        return self.names.by_cookie(cookie)

    def _cookie(self, which: _Function, call: FunctionCall) -> int | None:
        address = self._argument(which.cookie, call, None)
        try:
            return unsigned(self._target.read(address or 0, 8))
        except MemoryUnreadable:
            return None

    def _altitude(self, which: _Function, call: FunctionCall) -> str | None:
        if which.altitude is None:
            return None
        memory = self._target.memory
        try:
            string = memory.unicode_string(call.arguments[which.altitude])
            return memory.text(string, _ALTITUDE_LIMIT)
        except MemoryUnreadable:
            return None


def call_to_unregister(target: Target) -> tuple[FunctionCall, int]:
    """The call of CmUnRegisterCallback that the target is stopped at the start of, and the cookie
    that it is given; raises MemoryUnreadable."""
    which = _FUNCTIONS[-1]
    call = entered(target, _words(which, target.architecture))
    return call, _cookie_by_value(call)


def _unregistered(which: _Function, call: FunctionCall) -> int | None:
    return _cookie_by_value(call) if which.kind == "unregister" else None


def _cookie_by_value(call: FunctionCall) -> int:
    """On x86 in two words."""
    low, *high = call.arguments
    return high[0] << 32 | low if high else low


def _words(which: _Function, architecture: str) -> int:
    """How many pointer-sized arguments it has: on x86 a LARGE_INTEGER takes two."""
    if which.kind != "unregister":
        return which.arguments
    return 8 // ARCHITECTURES[architecture].pointer_size
