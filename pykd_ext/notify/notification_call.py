"""One notification with what a target knows around it: who was given it, and who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..kernel.callback_block import CallbackBlock
from ..kernel.key_objects import KnownBlocks, NotAKey, read_key_object
from ..kernel.requestor import Requestor
from .decode import DATA_LIMIT, decode
from .notification import Notification

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NotificationCall", "read_notification_call"]


class NotificationCall(NamedTuple):
    """``callback`` is the one that was called, ``requestor`` the thread that has the operation
    done; each None where that is not known or not asked."""

    notification: Notification
    callback: CallbackBlock | None
    function_symbol: str | None
    requestor: Requestor | None
    problems: tuple[str, ...]

    def with_problem(self, problem: str | None) -> NotificationCall:
        """With one more problem, if it is one."""
        return self._replace(problems=(*self.problems, problem)) if problem else self


def read_notification_call(
    target: Target,
    number: int,
    address: int,
    *,
    callback: CallbackBlock | None = None,
    requestor: Requestor | None = None,
    internal: bool = False,
    data_limit: int = DATA_LIMIT,
    known: KnownBlocks | None = None,
) -> NotificationCall:
    """The notification of the class ``number`` whose structure lies at the VA ``address``.

    For an ``internal`` callback ``address`` is that of its extended argument; ``known`` as in
    :func:`read_key_object`. Never raises for what memory holds.
    """
    key_paths = _KeyPaths(target, known)
    notification = decode(
        target.memory,
        number,
        address,
        key_path=key_paths,
        data_limit=data_limit,
        build=target.build,
        internal=internal,
    )
    return NotificationCall(
        notification=notification,
        callback=callback,
        function_symbol=_function_symbol(target, callback),
        requestor=requestor,
        problems=(
            *notification.problems,
            *_problems_of_pre(notification),
            *key_paths.problems,
            *(requestor.problems if requestor else ()),
        ),
    )


def _function_symbol(target: Target, callback: CallbackBlock | None) -> str | None:
    """``module!name``; ``module+0x1020`` without symbols, by the engine's modules: walking the
    kernel's own list would take hundreds of requests at every stop."""
    if callback is None or not callback.function:
        return None
    symbol = target.nearest_symbol(callback.function)
    if symbol is not None:
        return str(symbol)
    for module in target.modules():
        if module.base <= callback.function < module.base + module.size:
            return f"{module.name}+{callback.function - module.base:#x}"
    return None


def _problems_of_pre(notification: Notification) -> list[str]:
    pre = notification.pre
    return [f"PreInformation, {each}" for each in pre.problems] if pre else []


class _KeyPaths:
    """The full path of a key object, and in ``problems`` what is wrong with those asked for."""

    def __init__(self, target: Target, known: KnownBlocks | None) -> None:
        self._target, self._known = target, known
        self.problems: list[str] = []

    def __call__(self, address: int) -> str | None:
        try:
            key = read_key_object(self._target, address, self._known)
        except NotAKey as error:
            self.problems.append(str(error))
            return None
        self.problems += (f"key object {address:#x}: {each}" for each in key.problems)
        if key.states:
            self.problems.append(f"key object {address:#x} is {', '.join(key.states)}")
        return key.path
