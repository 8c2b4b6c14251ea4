"""System services that operations begin in, and the threads that are in one.

The operations of most classes are begun by one function, the class's own system service: so no
other class costs anything as long as nobody is in it. That no other function begins them was read
in the code of real kernels (Vista SP2 and 7 SP1, x86, every call of nt!CmpCallCallBacks), and in
11 23H2 (SOURCES 4.1, a decompiler's output).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..notify.classes import NotifyClass
from ..target.architecture import ARCHITECTURES
from ..target.errors import SymbolNotFound
from .breakpoints import can_stay
from .nesting import active_callbacks, has_active_callbacks
from .thread_lives import is_gone

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["ThreadsInside", "services_of"]

_SERVICE = re.compile("Nt[A-Za-z]+")  # and no other function beside it
_MOST_THREADS = 1024  # more have ended in theirs


def services_of(target: LiveTarget, numbers: Iterable[int]) -> list[int]:
    """The VAs where the services of these classes start; none at all where one of the classes is
    begun elsewhere too, or where a breakpoint would let others pass."""
    callers = {NotifyClass(each).caller for each in numbers}
    if not all(map(_SERVICE.fullmatch, callers)):
        return []
    try:
        found = [target.symbol(each) for each in sorted(callers)]
    except SymbolNotFound:
        return []
    return found if all(can_stay(target, each) for each in found) else []


class ThreadsInside:
    """Who has begun a service, and not come to the end of an operation in it yet. A service can
    also fail before it asks anybody: its thread is taken for being inside until it is heard of
    again, or has ended."""

    def __init__(self, target: LiveTarget) -> None:
        self._target, self._tells_active = target, has_active_callbacks(target)
        self._stacks: dict[int, list[int]] = {}  # the pointers at the services' starts, by thread

    @property
    def is_any(self) -> bool:
        return bool(self._stacks)

    @property
    def has_this(self) -> bool:
        """Whether the thread that the target is stopped in is inside."""
        return self._target.current_thread() in self._stacks

    def enter(self) -> None:
        """The thread that the target is stopped in is at a service's start."""
        thread, stack = self._target.current_thread(), self._stack()
        outer = [each for each in self._stacks.pop(thread, []) if each > stack]
        self._stacks[thread] = [*outer, stack]
        if len(self._stacks) > _MOST_THREADS:
            del self._stacks[next(iter(self._stacks))]

    def leave(self, is_services: bool) -> None:
        """It is at an operation's end; ``is_services``: of one that a service has begun. Another
        one is what a callback has asked for meanwhile, or the service is long over."""
        thread, stack = self._target.current_thread(), self._stack()
        inside = [each for each in self._stacks.pop(thread, []) if each > stack]
        if is_services:
            inside = inside[:-1]
        elif inside and self._tells_active and not active_callbacks(self._target, thread, 1):
            inside = []
        if inside:
            self._stacks[thread] = inside

    def forget_gone(self) -> None:
        """Threads that have ended."""
        here = self._target.current_thread()
        for thread in [each for each in self._stacks if each != here]:
            if is_gone(self._target, thread, None):
                del self._stacks[thread]

    def _stack(self) -> int:
        target = self._target
        return target.register(ARCHITECTURES[target.architecture].stack_pointer)
