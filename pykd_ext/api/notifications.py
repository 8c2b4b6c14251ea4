"""What a callback is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.doubts import doubts
from ..kernel.requestor import NO_REQUESTOR, read_requestor
from ..kernel.stopped_callback import NotAtCallback, Stop, read_call_in_progress, read_stop
from ..notify.class_names import GivenClass, class_given
from ..notify.decode import DATA_LIMIT
from ..notify.notification_call import NotificationCall, read_notification_call
from ..target.errors import BadArgument, RegcbError, TargetError

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NotificationUnreadable", "decode"]


class NotificationUnreadable(RegcbError):
    """No byte of a notification can be read."""


def decode(
    target: Target,
    notify_class: GivenClass | None = None,
    address: int | None = None,
    *,
    internal: bool = False,
    force: bool = False,
    data_limit: int = DATA_LIMIT,
) -> NotificationCall:
    r"""The notification of ``notify_class`` whose structure lies at the VA ``address``.

    Without both: what the callback is told that ``target`` is stopped in, with who has the
    operation done. ``notify_class`` is a name (``RegNtPreSetValueKey``, ``SetValueKey``) or a
    number. ``internal``: the address is that of the extended argument of one of Windows' own
    callbacks; ``force``: take the registers for arguments, wherever the target is stopped. Of a
    value's data ``data_limit`` bytes are read at most.

    Raises NotificationUnreadable where no byte of it can be read, BadArgument for a class that
    there is not, NotAtCallback where the target is not stopped in a callback, RegisterUnavailable.

    >>> with pykd_ext.open_target("samples/stopped-x64.dmp", symbols="samples/symbols") as target:
    ...     found = pykd_ext.decode(target)
    >>> found.notification.notify_class.name, found.notification.value_name
    ('RegNtPreSetValueKey', 'Updater')
    >>> found.notification.keys[0].path
    '\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run'
    >>> found.requestor.process_name, found.requestor.process_id
    ('regedit.exe', 6716)
    """
    if notify_class is None:
        found = _at_stop(target, internal, force, data_limit)
    elif address is None:
        raise BadArgument(f"decode {notify_class} at which address?")
    else:
        found = read_notification_call(
            target,
            class_given(notify_class).number,
            address,
            internal=internal,
            data_limit=data_limit,
        )
    problems = (*found.problems, *target.symbol_problems(), *doubts(target))
    found = found._replace(problems=problems)
    if found.notification.is_lost:
        raise NotificationUnreadable("; ".join(found.problems))
    return found


def _at_stop(target: Target, internal: bool, force: bool, data_limit: int) -> NotificationCall:
    stop, note = _stop(target, force)
    found = read_notification_call(
        target,
        stop.notify_class,
        stop.information,
        callback=stop.callback,
        requestor=read_requestor(target),
        internal=internal or (stop.callback is not None and stop.callback.internal),
        data_limit=data_limit,
    )
    who = () if found.requestor else (NO_REQUESTOR,)
    of_callback = stop.callback.problems if stop.callback else ()
    return found._replace(problems=(*note, *who, *of_callback, *found.problems))


def _stop(target: Target, force: bool) -> tuple[Stop, tuple[str, ...]]:
    """The call, and what is to be said of how it was found. Raises NotAtCallback."""
    try:
        return read_stop(target, force), ()
    except (NotAtCallback, TargetError):
        stop = read_call_in_progress(target)
        if stop is None:
            raise
        return stop, (
            "the thread is past the callback's start: its arguments were taken from its stack, "
            "where the callback may have written over them",
        )
