"""The thread that the target is stopped in, with everything that says which callbacks it is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.doubts import doubts
from ..kernel.drivers import Drivers
from ..kernel.listing import RegistryCallback, TargetFacts, entries_of, target_facts
from ..kernel.requestor import NO_REQUESTOR, Requestor, read_requestor
from ..kernel.stopped_callback import NotAtCallback, Stop, read_call_in_progress, read_stop
from ..kernel.thread_callbacks import ThreadCallbacks, read_thread_callbacks
from ..notify.notification_call import NotificationCall, read_notification_call
from ..target.errors import RegcbError
from .crash import executed_addresses

if TYPE_CHECKING:
    from ..target import BugCheck, Target

__all__ = ["ThreadScene", "read_thread_scene"]


class ThreadScene(NamedTuple):
    """``entries`` are the callbacks on the thread's list, the innermost first, ``told`` what the
    innermost is told where memory has that, ``loaded`` how many drivers are."""

    target: TargetFacts
    bug_check: BugCheck | None
    requestor: Requestor | None
    inside: ThreadCallbacks
    entries: Sequence[RegistryCallback]
    told: NotificationCall | None
    loaded: int
    unloaded: Sequence[str | None]
    problems: Sequence[str]

    @property
    def class_name(self) -> str | None:
        """The notify class that the innermost callback is told of."""
        return self.told.notification.notify_class.name if self.told else None

    @property
    def key_paths(self) -> list[str]:
        """The keys that it is told of, as far as their paths are known."""
        keys = self.told.notification.keys if self.told else ()
        return [each.path for each in keys if each.path is not None]


def read_thread_scene(target: Target) -> ThreadScene:
    """Reads what there is; what is missing is said in ``problems``."""
    drivers = Drivers(target)
    crash = target.bug_check()
    executed = executed_addresses(target, crash) if crash else ()
    inside = read_thread_callbacks(target, drivers, executed)
    requestor = read_requestor(target)
    unknown: list[str] = []
    stop = _stop(target, unknown)
    told = stop and read_notification_call(
        target, stop.notify_class, stop.information, callback=stop.callback,
        internal=stop.callback is not None and stop.callback.internal,
    )  # fmt: skip
    loaded = sum(1 for _ in drivers.loaded())
    unloaded = [each.name for each in drivers.unloaded()]
    problems = [
        *([target.taken] if target.taken else ()),
        *inside.problems,
        *(requestor.problems if requestor else (NO_REQUESTOR,)),
        *unknown,
        *(told.problems if told else ()),
        *drivers.problems,
    ]
    return ThreadScene(
        target=target_facts(target),
        bug_check=crash,
        requestor=requestor,
        inside=inside,
        entries=entries_of(target, drivers, inside.told),
        told=told,
        loaded=loaded,
        unloaded=unloaded,
        problems=list(dict.fromkeys([*problems, *doubts(target), *target.symbol_problems()])),
    )


def _stop(target: Target, problems: list[str]) -> Stop | None:
    """The call that the thread is in, None where that is not known."""
    try:
        return read_stop(target)
    except RegcbError as error:
        found = read_call_in_progress(target)
        if found is None and not isinstance(error, NotAtCallback):  # no registers, no list
            problems.append(f"whether it has just called a callback is not known: {error}")
        return found
