"""One target's callbacks, joined with their owners and symbols: what ``list`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .builds import windows_version
from .callback_block import CallbackBlock, Problem
from .callbacks import DEFAULT_LIMIT, CallbackList, read_callbacks
from .cookies import CookieBase, cookie_base
from .doubts import note_doubt
from .drivers import NO_OWNER, UNKNOWN_OWNER, Drivers, Owner

if TYPE_CHECKING:
    from ..target import Target

__all__ = [
    "Listing",
    "RegistryCallback",
    "TargetFacts",
    "entries_of",
    "in_image",
    "note_unread",
    "problems_of_all",
    "problems_of_callbacks",
    "read_listing",
    "symbol_text",
    "target_facts",
    "with_unlisted",
]  # fmt: skip


class TargetFacts(NamedTuple):
    """What was looked at."""

    kind: str
    path: str | None
    architecture: str
    version: str
    build: int
    nt_base: int


class RegistryCallback(NamedTuple):
    """One registered callback.

    ``number`` is its place in the calling order, from 0; ``block`` all that the kernel keeps of it;
    ``owner`` the image that its function lies in; ``function_symbol`` ``netmon!NetMonRegFilter``,
    ``netmon!NetMonRegFilter+0x1c``, ``netmon+0x1020`` without symbols, None in no image;
    ``registration`` which registration since the boot it was, None where no cookie tells.
    """

    number: int
    block: CallbackBlock
    owner: Owner
    function_symbol: str | None
    registration: int | None

    @property
    def address(self) -> int:
        """The VA of its block."""
        return self.block.address

    @property
    def altitude(self) -> str | None:
        """As it was registered: decimal digits, perhaps with a point."""
        return self.block.altitude

    @property
    def function(self) -> int | None:
        """The VA of what the kernel calls."""
        return self.block.function

    @property
    def context(self) -> int | None:
        """What it is given as its first argument."""
        return self.block.context

    @property
    def cookie(self) -> int | None:
        """What it is unregistered by: a LARGE_INTEGER, unsigned."""
        return self.block.cookie

    @property
    def found_by(self) -> str:
        """What led to it (:class:`.callback_block.CallbackBlock`)."""
        return self.block.found_by

    @property
    def problems(self) -> tuple[str, ...]:
        """What of it could not be read or trusted."""
        return self.block.problems


class Listing:
    """Every callback of a target in calling order: a sequence of :class:`RegistryCallback`.

    ``boot_time``: seconds since 1970, UTC; None where no cookie tells it. ``problems`` are what
    could not be read, or should not be trusted, of the list as a whole.
    """

    def __init__(
        self,
        target: TargetFacts,
        callbacks: CallbackList,
        entries: list[RegistryCallback],
        boot_time: int | None,
        problems: list[Problem],
    ) -> None:
        self.target, self.callbacks, self.entries = target, callbacks, entries
        self.boot_time, self.problems = boot_time, problems

    def __iter__(self) -> Iterator[RegistryCallback]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> RegistryCallback:
        return self.entries[index]


def read_listing(target: Target, limit: int = DEFAULT_LIMIT) -> Listing:
    """Reads the callbacks of ``target``; raises TargetError when it has none that can be read."""
    callbacks = read_callbacks(target, limit)
    drivers = Drivers(target)
    base = cookie_base(callbacks)
    entries = [
        _entry(target, drivers, base, number, callback)
        for number, callback in enumerate(callbacks.callbacks)
    ]
    problems = list(callbacks.problems)
    problems += [Problem("modules", what) for what in drivers.problems]
    problems += [Problem("symbols", what) for what in target.symbol_problems()]
    return Listing(
        target=target_facts(target),
        callbacks=callbacks,
        entries=entries,
        boot_time=base.boot_time if base else None,
        problems=problems,
    )


def problems_of_all(listing: Listing) -> list[Problem]:
    """Those of the list as a whole, and of the callbacks of which nothing could be read."""
    unread = [each for each in listing.entries if each.block.function is None]
    return [*listing.problems, *problems_of_callbacks(unread)]


def problems_of_callbacks(callbacks: Iterable[RegistryCallback]) -> list[Problem]:
    """What of each could not be read or trusted."""
    return [
        Problem(f"callback #{each.number}", what) for each in callbacks for what in each.problems
    ]


def note_unread(target: Target, listing: Listing) -> None:
    """Has the end of a run tell what of the callbacks, and of whose they are, could not be read."""
    for where, what in listing.problems:
        if where == "modules":
            note_doubt(target, f"{where}: {what}")
    for entry in listing:
        for what in entry.problems:
            note_doubt(target, f"callback #{entry.number}: {what}")


def with_unlisted(target: Target, listing: Listing, callbacks: Sequence[CallbackBlock]) -> Listing:
    """``listing`` with callbacks that its list does not lead to, numbered after its own."""
    drivers = Drivers(target)
    base = cookie_base(listing.callbacks)
    entries = [
        _entry(target, drivers, base, number, callback)
        for number, callback in enumerate(callbacks, len(listing.entries))
    ]
    return Listing(
        listing.target,
        listing.callbacks,
        [*listing.entries, *entries],
        listing.boot_time,
        listing.problems,
    )


def entries_of(
    target: Target, drivers: Drivers, callbacks: Sequence[CallbackBlock]
) -> list[RegistryCallback]:
    """Callbacks with their owners and symbols, numbered from 0; without their registrations."""
    return [
        _entry(target, drivers, None, number, callback) for number, callback in enumerate(callbacks)
    ]


def target_facts(target: Target) -> TargetFacts:
    """What ``target`` is, without a look at its callbacks."""
    return TargetFacts(
        kind=target.kind,
        path=target.path,
        architecture=target.architecture,
        version=windows_version(target.build),
        build=target.build,
        nt_base=target.nt_base,
    )


def _entry(
    target: Target,
    drivers: Drivers,
    base: CookieBase | None,
    number: int,
    callback: CallbackBlock,
) -> RegistryCallback:
    owner = UNKNOWN_OWNER if callback.function is None else NO_OWNER
    symbol = None
    if callback.function:
        owner = drivers.owner(callback.function)
        symbol = symbol_text(target, owner, callback.function)
    registration = base.registration(callback.cookie) if base else None
    return RegistryCallback(number, callback, owner, symbol, registration)


def symbol_text(target: Target, owner: Owner, address: int) -> str | None:
    """``module!name+0x1c``, ``module+0x1020`` where there is no name, None outside every image."""
    nearest = target.nearest_symbol(address) if owner.state == "loaded" else None
    return str(nearest) if nearest else in_image(owner, address)


def in_image(owner: Owner, address: int) -> str | None:
    """``module+0x1020``, None where the owner is no image."""
    return None if owner.base is None else f"{owner.module}+{address - owner.base:#x}"
