"""Drives the kernel's dispatcher, and holds what live/call_site.py predicts against the truth.

Four callbacks are on the list. Two operations are made as an Nt routine makes them: one that all
allow, before and after, and one that the lowest callback refuses, of which those above hear. At
each return of a callback the places that call_site.py found are read: which block, class and
information do they say it was?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from ..kernel.builds import V1703
from ..kernel.code import disassemble
from ..kernel.layouts import BLOCKS, INTERNAL_CALLBACK
from ..live.call_site import CALLERS, CallSite, find_call_sites
from ..live.data_flow import Location
from ..notify.classes import NotifyClass
from ..target.errors import MemoryUnreadable, RegcbError, SymbolNotFound
from ..target.fields import unsigned
from .code_search import CodeSearch
from .registrations import Registered, Registrations
from .room import StandIn, Stopped
from .room_target import RoomTarget

__all__ = ["Dispatch", "Return", "drive"]

_PRE, _POST = NotifyClass.RegNtPreSetValueKey, NotifyClass.RegNtPostSetValueKey
_DENIED = 0xC0000022  # STATUS_ACCESS_DENIED
_KEY_BODY = b"20yk"  # CM_KEY_BODY.Type, 'ky02'
_KEY, _CALLS, _INFORMATION, _EXTENDED, _POST_INFORMATION = 0x5000, 0x5200, 0x5400, 0x5600, 0x5800
_OBJECT_SIZE = 0x100


class Convention(NamedTuple):
    """How a dispatcher takes its arguments; ``extended`` where there is ExInformation."""

    name: str
    extended: bool


_CONVENTIONS = (Convention("CmpCallCallBacksEx", True), Convention("CmpCallCallBacks", False))


class Call(NamedTuple):
    """A callback was called: which, with which class and information, and what the blocks and the
    thread held meanwhile."""

    registered: Registered
    number: int
    information: int
    blocks: dict[int, bytes]
    thread: bytes


class Return(NamedTuple):
    """A callback is back behind ``site``: what the places there say, and what is true. A value is
    None where nothing can be read."""

    site: CallSite
    call: Call
    block: int | None
    number: int | None
    information: int | None


class Dispatch(NamedTuple):
    """What was seen. ``base`` is the kernel's VA, ``start`` the dispatcher's, which was
    ``found_by`` ``symbol`` or ``code``.

    ``active_uses``: offsets of blocks' dwords that are 1 exactly while the callback is in the
    operation; ``flags``: those whose bit 0 gives the callback the extended argument (None: not
    tried); ``thread_list``: offsets of the thread's words that lead to pool meanwhile.
    """

    base: int
    start: int
    found_by: str
    sites: tuple[CallSite, ...]
    calls: tuple[Call, ...]
    returns: tuple[Return, ...]
    active_uses: tuple[int, ...]
    flags: tuple[int, ...] | None
    thread_list: tuple[int, ...]


class NoDispatcher(RegcbError):
    """The function that calls the callbacks was not found, or does not call them."""


def drive(target: RoomTarget, registered: Registrations, free: Sequence[int]) -> Dispatch:
    """Drives the dispatcher; raises NoDispatcher, Stopped.

    ``free``: offsets of a block's dwords that no field is known to have.
    """
    stopped: Stopped | None = None
    tried = []
    for start, found_by, sites in _dispatchers(target, registered):
        tried.append(start)
        driver = _Driver(target, registered, start, sites)
        for convention in _conventions(target):
            try:
                if driver.operate(convention) and driver.refuse(convention):
                    driver.call_own(convention)
                    return driver.result(found_by, convention, free)
            except Stopped as error:
                stopped = stopped or error
    if stopped is not None:
        raise stopped
    if tried:
        raise NoDispatcher(
            f"the function at nt+{tried[0] - target.nt_base:#x}, which calls callbacks, did not "
            "tell each of them of an operation that was made as Nt routines make one"
        )
    raise NoDispatcher(
        "no function was found that calls a callback's Function with its Context, with the class "
        "and the information in places that outlive the call"
    )


def _conventions(target: RoomTarget) -> list[Convention]:
    first_extended = V1703  # SOURCES 3.1
    return sorted(_CONVENTIONS, key=lambda each: each.extended != (target.build >= first_extended))


def _dispatchers(
    target: RoomTarget, registered: Registrations
) -> Iterator[tuple[int, str, list[CallSite]]]:
    for name in CALLERS:
        try:
            start = target.symbol(name)
        except SymbolNotFound:
            continue
        yield start, "symbol", find_call_sites(target, start)
        return
    search = CodeSearch(target)
    names = _starts(search, search.naming({registered.head, *registered.counts}))
    yield from _with_sites(target, names)
    # The list may be walked by a function of its own, which the dispatcher calls.
    callers = _starts(search, search.calling(names))
    yield from _with_sites(target, [each for each in callers if each not in names])


def _starts(search: CodeSearch, places: Iterable[int]) -> list[int]:
    """Where the functions at ``places`` may start: the likeliest starts of all first."""
    starts = [list(search.functions(place)) for place in places]
    ranks = zip_longest(*starts)
    return list(dict.fromkeys(each for rank in ranks for each in rank if each is not None))


def _with_sites(
    target: RoomTarget, starts: Iterable[int]
) -> Iterator[tuple[int, str, list[CallSite]]]:
    for start in starts:
        sites = find_call_sites(target, start)
        if sites:
            yield start, "code", sites


class _Driver:
    """One dispatcher."""

    def __init__(
        self, target: RoomTarget, registered: Registrations, start: int, sites: list[CallSite]
    ) -> None:
        self._target, self._room = target, target.room
        self._start, self._sites = start, sites
        self._order = registered.registered(registered.order_after)
        self._calls: list[Call] = []
        self._returns: list[Return] = []
        self._refuses: Registered | None = None
        for each in self._order:
            self._room.stand_in(each.function, 3, self._called(each))
        for site in sites:
            self._room.watch(site.back, lambda site=site: self._back(site))  # type: ignore[misc]

    def operate(self, convention: Convention) -> bool:
        """Whether every callback heard of it, before and after; raises Stopped."""
        self._calls.clear()
        self._returns.clear()
        self._rest = {each.block.address: self._block(each) for each in self._order if each.block}
        self._thread = self._room.read(self._room.thread, _THREAD_SIZE)
        self._prepare()
        room = self._room
        information, post = room.scratch + _INFORMATION, room.scratch + _POST_INFORMATION
        self._tell(convention, _PRE, information, is_pre=True)
        if [each.registered for each in self._calls] != self._order:
            return False
        room.write_pointers(post, room.scratch + _KEY, 0, information, 0, 0, 0, 0)
        self._tell(convention, _POST, post, is_pre=False)
        return [each.registered for each in self._calls] == [*self._order, *reversed(self._order)]

    def refuse(self, convention: Convention) -> bool:
        """Whether, where the lowest callback refuses, those above it hear of that; Stopped."""
        before = len(self._calls)
        self._refuses = self._order[-1]
        self._prepare()
        try:
            self._tell(convention, _PRE, self._room.scratch + _INFORMATION, is_pre=True)
        finally:
            self._refuses = None
        heard = [each.registered for each in self._calls[before:]]
        return heard == [*self._order, *reversed(self._order[:-1])]

    def call_own(self, convention: Convention) -> None:
        """Lets the first callback be the kernel's own that a site calls directly; Stopped."""
        reached = {each.site for each in self._returns}
        first, room = self._order[0], self._room
        for site in self._sites:
            (call,) = disassemble(self._target, site.call, 1) or (None,)
            if site in reached or call is None or call.target is None or first.block is None:
                continue
            room.stand_in(call.target, 3, self._called(first))
            place = first.block.address + BLOCKS.layout(self._target).function
            room.write_pointers(place, call.target)
            self._prepare()
            information, post = room.scratch + _INFORMATION, room.scratch + _POST_INFORMATION
            self._tell(convention, _PRE, information, is_pre=True)
            room.write_pointers(post, room.scratch + _KEY, 0, information, 0, 0, 0, 0)
            self._tell(convention, _POST, post, is_pre=False)
            room.write_pointers(place, first.function)

    def result(self, found_by: str, convention: Convention, free: Sequence[int]) -> Dispatch:
        calls, returns = tuple(self._calls), tuple(self._returns)
        flags = self._flags(free) if convention.extended else None
        return Dispatch(
            self._target.nt_base, self._start, found_by, tuple(self._sites), calls, returns,
            self._active_uses(calls), flags, self._thread_list(calls),
        )  # fmt: skip

    def _prepare(self) -> None:
        """A key without contexts, the operation's structure, and its list of calls."""
        room = self._room
        size, key = room.pointer_size, room.scratch + _KEY
        calls, information = room.scratch + _CALLS, room.scratch + _INFORMATION
        room.write_pointers(key, *range(key, key + _OBJECT_SIZE, size))
        room.write(key, _KEY_BODY)
        room.write_pointers(calls, calls, calls)
        room.write(information, bytes(_OBJECT_SIZE))
        room.write_pointers(information, key)
        room.write(room.scratch + _EXTENDED, bytes(_OBJECT_SIZE))
        room.write_pointers(room.scratch + _EXTENDED, information)

    def _tell(
        self, convention: Convention, number: int, information: int, is_pre: bool,
        extended: int = 0,
    ) -> int:  # fmt: skip
        room = self._room
        words = [
            number,
            information,
            int(is_pre),
            _POST,
            room.scratch + _KEY,
            room.scratch + _CALLS,
        ]
        if convention.extended:
            words.insert(2, extended)
        return room.call(self._start, *words)

    def _called(self, registered: Registered) -> StandIn:
        def called(words: Sequence[int]) -> int:
            blocks = {each.block.address: self._block(each) for each in self._order if each.block}
            thread = self._room.read(self._room.thread, _THREAD_SIZE)
            self._calls.append(Call(registered, words[1] & 0xFFFF_FFFF, words[2], blocks, thread))
            return _DENIED if registered is self._refuses else 0

        return called

    def _back(self, site: CallSite) -> None:
        if not self._calls:
            return
        number = self._value(site.notify_class)
        self._returns.append(
            Return(
                site,
                self._calls[-1],
                self._value(site.block) if site.block else None,
                None if number is None else number & 0xFFFF_FFFF,
                self._value(site.information),
            )
        )

    def _value(self, place: Location) -> int | None:
        value = self._room.register(place.register)
        if place.offset is None:
            return value
        try:
            return self._room.pointer(value + place.offset)
        except MemoryUnreadable:
            return None

    def _block(self, registered: Registered) -> bytes:
        block = registered.block
        return self._room.read(block.address, block.size) if block else b""

    def _active_uses(self, calls: Sequence[Call]) -> tuple[int, ...]:
        """Dwords that go from 0 to 1 with a callback's pre call, and are 0 at the end."""
        found = None
        for call in calls:
            block = call.registered.block
            if block is None:
                continue
            rest, held = self._rest[block.address], call.blocks[block.address]
            now = self._room.read(block.address, block.size)
            places = {
                at
                for at in range(0, len(rest) - 3, 4)
                if (_dword(rest, at), _dword(held, at), _dword(now, at)) == (0, 1, 0)
            }
            found = places if found is None else found & places
        return tuple(sorted(found or ()))

    def _thread_list(self, calls: Sequence[Call]) -> tuple[int, ...]:
        size, room = self._room.pointer_size, self._room
        pool = range(room.pool, room.pool_end)
        found = None
        for call in calls:
            places = {
                at
                for at in range(0, _THREAD_SIZE - size + 1, 4)
                if unsigned(call.thread, at, size) in pool
                and call.thread[at : at + size] != self._thread[at : at + size]
            }
            found = places if found is None else found & places
        return tuple(sorted(found or ()))

    def _flags(self, free: Sequence[int]) -> tuple[int, ...]:
        """Which dword's bit 0 gives its callback, and no other, the extended argument."""
        room, first, found = self._room, self._order[0], []
        extended = room.scratch + _EXTENDED
        for at in free:
            assert first.block is not None
            place = first.block.address + at
            before = room.unsigned(place, 4)
            room.write(place, (before | INTERNAL_CALLBACK).to_bytes(4, "little"))
            self._calls.clear()
            self._prepare()
            try:
                self._tell(_CONVENTIONS[0], _PRE, room.scratch + _INFORMATION, True, extended)
                given = [each.information == extended for each in self._calls]
                self._tell(_CONVENTIONS[0], _POST, room.scratch + _POST_INFORMATION, False)
            except Stopped:
                given = []
            room.write(place, before.to_bytes(4, "little"))
            if given == [True] + [False] * (len(self._order) - 1):
                found.append(at)
        return tuple(found)


_THREAD_SIZE = 0x1000


def _dword(raw: bytes, at: int) -> int:
    return unsigned(raw, at, 4)
