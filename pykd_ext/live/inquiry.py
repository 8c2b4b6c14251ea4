"""What there is to be known of an operation at its first stop: who asks, for which key and value,
and what callbacks it was asked for in. It is read once, the cheapest first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.key_layouts import KEY_BODIES
from ..kernel.requestor import NO_REQUESTOR, read_requestor
from ..notify.classes import notify_class
from ..notify.notification_call import read_notification_call
from ..notify.structures import structure
from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from .key_paths import kernel_form
from .nesting import callbacks_around
from .passed_over import pass_over
from .read_ahead import read_ahead, read_value_ahead, thread_fields

if TYPE_CHECKING:
    from ..kernel.key_objects import KnownBlocks
    from ..kernel.listing import RegistryCallback
    from ..kernel.requestor import ProcessNames, Requestor
    from ..notify.notification_call import NotificationCall
    from ..target.live import LiveTarget
    from .callback_names import CallbackNames
    from .filters import Filters
    from .operations import Returned

__all__ = ["About", "Inquiry"]

_STACK_LIMIT = 24  # return addresses
_LASTS = 5.0  # seconds that the path of a key is taken for unchanged; its parent may be renamed
_KEPT = 1000  # names, and as many keys


class About(NamedTuple):
    """What is found out once of an operation; ``notified`` None: it is not wanted, ``around`` None:
    not looked at yet."""

    requestor: Requestor | None = None
    notified: NotificationCall | None = None
    around: tuple[RegistryCallback | None, ...] | None = None
    stack: tuple[int, ...] = ()


class Inquiry:
    """About the operations of ``target``. ``others`` is how many were looked at (by class, and
    whether they were refused) and did not fit."""

    def __init__(
        self, target: LiveTarget, filters: Filters, names: CallbackNames, keeps_stack: bool
    ) -> None:
        self._target = target
        self._filters = filters
        self._names = names
        self._keeps_stack = keeps_stack
        self._known_processes: ProcessNames = {}
        self._known_keys: KnownBlocks = {}
        self._other_keys: set[int] = set()
        self._fitting_keys: dict[str, int] = {}
        self._known_since = 0.0
        self._thread_fields = thread_fields(target)
        self.others = 0

    def look(self, event: Returned) -> About:
        """What there is to be known of an operation, unless it does not fit; but for what is around
        it, and whose callback it was."""
        self._forget(time.time())
        requestor, notified = self._read_fitting(event)
        if notified is None:
            self.others += 1
            return About()
        stack = self._target.return_addresses(_STACK_LIMIT) if self._keeps_stack else []
        return About(requestor, notified, stack=tuple(stack))

    def look_around(self, about: About, event: Returned) -> About:
        """With the callbacks that the operation was asked for in. At its end the thread is in no
        others: that spares the requests which tell them apart."""
        if about.notified is None or about.around is not None:
            return about
        found = callbacks_around(self._target, event.thread, event.block)
        if found.blocks:
            self._names.refresh()
        return about._replace(
            notified=about.notified.with_problem(found.problem),
            around=tuple(map(self._names.entry, found.blocks)),
        )

    def _read_fitting(self, event: Returned) -> tuple[Requestor | None, NotificationCall | None]:
        """Who asks for what; the latter None where it does not fit. The key is asked first, of
        which little has to be read."""
        target, filters = self._target, self._filters
        block = self._key_control_block(event) if filters.keys else None
        if block in self._other_keys:
            return None, None
        requestor = self._requestor()
        if not self._fits_requestor(requestor):
            return requestor, None
        read_value_ahead(target, event.number, event.information)
        notified = read_notification_call(
            target, event.number, event.information, requestor=requestor, known=self._known_keys
        )
        fits = filters.fit_keys(notified)
        if block is not None and not fits:
            self._other_keys.add(block)
        if not fits and filters.keys and _has_lost_its_key(notified):
            pass_over(target, "not all operations could be told by their key")
        if not fits or not filters.fit_value(notified):
            return requestor, None
        if block is not None:
            self._note_fitting(notified, block)
        return requestor, notified.with_problem(None if requestor else NO_REQUESTOR)

    def fits_requestor(self) -> bool:
        """Whether it is wanted by who asks, which is one request."""
        return not self._filters.choose_requestors or self._fits_requestor(self._requestor())

    def _fits_requestor(self, requestor: Requestor | None) -> bool:
        if self._filters.fit_requestor(requestor):
            return True
        known = requestor and (requestor.thread_id, requestor.process_id, requestor.process_name)
        if not known or None in known:
            pass_over(self._target, "not all operations could be told by who asks")
        return False

    def _note_fitting(self, notified: NotificationCall, block: int) -> None:
        paths = [each.path for each in notified.notification.keys if each.path is not None]
        if paths and len(self._fitting_keys) < _KEPT:
            self._fitting_keys[kernel_form(paths[0])] = block

    def key_control_block(self, path: str) -> int | None:
        """A VA at which that of the key ``path``, one of those that ``filters`` mean, has been;
        None where no operation on it when it was open was seen."""
        return self._fitting_keys.get(kernel_form(path))

    def _requestor(self) -> Requestor | None:
        self.read_thread_ahead()
        return read_requestor(self._target, self._known_processes)

    def read_thread_ahead(self) -> None:
        """What is asked of the thread that the target is stopped in, in one request."""
        fields = self._thread_fields
        if fields:
            read_ahead(self._target, self._target.current_thread() + fields.start, len(fields))

    def _forget(self, now: float) -> None:
        """What may have changed since it was read."""
        are_many = len(self._known_keys) > _KEPT or len(self._other_keys) > _KEPT
        if are_many or now - self._known_since > _LASTS:
            self._known_since = now
            self._known_keys.clear()
            self._other_keys.clear()
        if len(self._known_processes) > _KEPT:
            self._known_processes.clear()

    def _key_control_block(self, event: Returned) -> int | None:
        """Of the key that the operation is about as a whole: None where it is named."""
        names = notify_class(event.number).structures
        if not names:
            return None
        size = self._target.memory.pointer_size
        first = structure(names[0], size).members[0]
        if first.name != "Object":
            return None
        try:
            key = self._pointer(event.information + first.offset)
            layout = KEY_BODIES.layout(self._target)
            return self._pointer(key + layout.key_control_block)
        except MemoryUnreadable:
            return None

    def _pointer(self, address: int) -> int:
        size = self._target.memory.pointer_size
        return unsigned(self._target.read(address, size))


def _has_lost_its_key(notified: NotificationCall) -> bool:
    """Whether none of its keys' paths is known, and something could not be read."""
    keys = notified.notification.keys
    return bool(keys and notified.problems) and all(each.path is None for each in keys)
