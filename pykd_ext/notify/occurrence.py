"""One notification with what a target knows around it: the callback that was given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..kernel.registry_callback import RegistryCallback
from .decode import DATA_LIMIT, decode
from .notification import Notification

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Occurrence", "read_occurrence"]


class Occurrence(NamedTuple):
    """``callback`` is the one that was called, None where that is not known or not asked."""

    notification: Notification
    callback: RegistryCallback | None
    function_symbol: str | None
    problems: tuple[str, ...]


def read_occurrence(
    target: Target,
    number: int,
    address: int,
    *,
    callback: RegistryCallback | None = None,
    internal: bool = False,
    data_limit: int = DATA_LIMIT,
) -> Occurrence:
    """The notification of the class ``number`` whose structure lies at the VA ``address``.

    For an ``internal`` callback ``address`` is that of its extended argument. Never raises for
    what memory holds.
    """
    notification = decode(
        target.memory,
        number,
        address,
        data_limit=data_limit,
        build=target.build,
        internal=internal,
    )
    symbol = target.nearest_symbol(callback.function) if callback and callback.function else None
    return Occurrence(
        notification=notification,
        callback=callback,
        function_symbol=str(symbol) if symbol else None,
        problems=(*notification.problems, *_problems_of_pre(notification)),
    )


def _problems_of_pre(notification: Notification) -> list[str]:
    pre = notification.pre
    return [f"PreInformation, {each}" for each in pre.problems] if pre else []
