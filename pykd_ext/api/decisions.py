"""Deciding registry operations in a callback's place."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Callable

from ..kernel.listing import RegistryCallback, note_unread, read_listing
from ..kernel.selection import select
from ..live.departure import wait_for_return
from ..live.guard import Decision, Guard
from ..live.policy import Policy
from ..live.policy_file import read_policy
from ..live.stream import Stream
from ..target.errors import BadArgument, TargetError
from .live_target import live_target

if TYPE_CHECKING:
    from ..live.steps import Steps
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = ["Guarding", "guard"]


def guard(
    target: Target,
    policy: Policy | str | os.PathLike[str],
    at: RegistryCallback | str | None = None,
    *,
    after: bool = False,
    dry_run: bool = False,
    seconds: float | None = None,
) -> Guarding:
    """Decides registry operations of a live kernel by ``policy``, a TOML file or one that was read.

    It does so at one callback, whose own verdicts it replaces: ``at`` is the callback, or what
    :func:`select` takes, None the one that is called first. Its body does not run, unless ``after``
    lets it and replaces what it returns. ``dry_run`` decides, and changes nothing.

    A decision comes when it is made. It ends after ``seconds``, or when you stop it. What was
    begun is ended first, so that the callback hears of ends whose beginnings it has heard of, and
    of no others.

    Raises PolicyError, TargetError for a target that cannot be set going or a callback that cannot
    be guarded, BadArgument where ``at`` names several.

    >>> with pykd_ext.guard(target, "samples/policies/let_me_write.toml", "regprotect") as decided:
    ...     for decision in decided:
    ...         print(decision.rule.name, decision.requestor.process_name, decision.is_enforced)
    ...         break
    regedit may write regedit.exe True
    """
    rules = policy if isinstance(policy, Policy) else read_policy(os.fspath(policy))
    live = live_target(target, "guard", seconds)
    callback = at if isinstance(at, RegistryCallback) else _callback(target, at)
    return Guarding(live, rules, callback, after, dry_run, seconds)


class Guarding(Stream[Decision]):
    """Decisions as they are made; ``callback`` is where.

    When it is unregistered, as its driver is unloaded, its return is waited for, and it is guarded
    again. ``on_change`` hears of that: of None, and then of the callback that it has become.
    """

    def __init__(
        self,
        target: LiveTarget,
        policy: Policy,
        callback: RegistryCallback,
        after: bool,
        dry_run: bool,
        seconds: float | None,
    ) -> None:
        super().__init__(target)
        self.callback, self._seconds = callback, seconds
        self.on_change: Callable[[RegistryCallback | None], None] = lambda _: None
        self._guard_at = partial(
            Guard, target, policy, report=self._hear, after=after, dry_run=dry_run
        )
        self._guard = self._guard_at(entry=callback)

    @property
    def is_airtight(self) -> bool:
        """Whether no operation can pass on one processor while another goes on from a stop."""
        return self._guard.is_airtight

    @property
    def unfinished(self) -> int:
        """Of how many operations the callback will be told of an end without a beginning."""
        return self._guard.unfinished

    def _follow(self) -> Steps:
        end = None if self._seconds is None else time.monotonic() + self._seconds
        left = self._seconds
        while True:
            why = yield from self._guard.follow(left)
            if not self._guard.has_gone:
                return why
            self.on_change(None)
            left = None if end is None else max(end - time.monotonic(), 0.01)
            why, new = wait_for_return(self.target, self.callback, left)
            if new is None:
                return why
            self.callback, self._guard = new, self._guard_at(entry=new)
            self.on_change(new)
            left = None if end is None else max(end - time.monotonic(), 0.01)


def _callback(target: Target, name: str | None) -> RegistryCallback:
    listing = read_listing(target)
    note_unread(target, listing)
    ordinary = [each for each in listing if not each.block.unregistering]
    if not ordinary:
        raise TargetError("no callbacks are registered: there is no place to decide at")
    if name is None:
        return ordinary[0]
    found = select(listing, name)
    if len(found) > 1:
        numbers = ", ".join(str(each.number) for each in found)
        raise BadArgument(f"{name!r} has several callbacks: name one of {numbers}")
    return found[0]
