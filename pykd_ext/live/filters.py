"""Which operations to report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .policy import PRE_CLASSES

if TYPE_CHECKING:
    from ..kernel.requestor import Requestor
    from ..notify.notification_call import NotificationCall
    from .globs import KeyGlob
    from .nearest_paths import NearestPaths

__all__ = ["Filters"]


class Filters(NamedTuple):
    """Which operations to report; None fits all. What the registers alone decide is decided first,
    then what few reads do: class, refusal, process, key and value."""

    numbers: frozenset[int] = PRE_CLASSES
    only_blocked: bool = False
    or_bypassed: bool = False  # beside only_blocked: those that a callback has taken over, too
    process_name: re.Pattern[str] | None = None
    process_id: int | None = None
    thread_id: int | None = None
    keys: tuple[KeyGlob, ...] = ()
    value: re.Pattern[str] | None = None
    owner: re.Pattern[str] | None = None
    nearest: NearestPaths | None = None  # sees the keys that were looked at

    @property
    def choose_requestors(self) -> bool:
        """Whether :meth:`fit_requestor` ever says no."""
        return (self.process_name, self.process_id, self.thread_id) != (None, None, None)

    def fit_requestor(self, requestor: Requestor | None) -> bool:
        if self.thread_id is not None and (
            requestor is None or requestor.thread_id != self.thread_id
        ):
            return False
        if self.process_id is not None:
            return requestor is not None and requestor.process_id == self.process_id
        if self.process_name is not None:
            name = requestor.process_name if requestor else None
            return name is not None and self.process_name.fullmatch(name) is not None
        return True

    def fit_keys(self, notified: NotificationCall) -> bool:
        keys = notified.notification.keys
        paths = [each.path for each in keys if each.path is not None]
        if self.keys and self.nearest is not None:
            self.nearest.see(paths)
        return not self.keys or any(glob.matches(path) for glob in self.keys for path in paths)

    def fit_value(self, notified: NotificationCall) -> bool:
        if self.value is None:
            return True
        name = notified.notification.value_name
        return name is not None and self.value.fullmatch(name) is not None
