"""All registry callbacks of a target, however its Windows keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ..target.errors import MemoryUnreadable, SymbolNotFound, TargetError
from .builds import Provenance, Table, has_vector
from .callback_block import CallbackBlock, Problem
from .callback_list import Walked, read_block, walk_list
from .doubts import doubts
from .layouts import BLOCKS, VECTORS

if TYPE_CHECKING:
    from ..target import Target
    from .drivers import Drivers
    from .locate import Located

__all__ = [
    "DEFAULT_LIMIT",
    "CallbackList",
    "callbacks_with_function",
    "keeps_vector",
    "read_callbacks",
]

DEFAULT_LIMIT = 1_000  # entries; a kernel has about ten


class CallbackList(NamedTuple):
    """All callbacks in calling order, and the kernel's globals about them. Of a small dump, which
    has no list and None for its ``head``, those that its thread is in, the outermost first.

    ``is_vector``: of XP and Server 2003, whose ``head`` is that of CmpCallBackVector. ``is_whole``:
    nothing of the list lies behind what could not be read, or beyond the limit. ``layout`` says how
    the layout that they were read by is known. ``count_at`` and ``cookie_at`` are the VAs of the
    count and of the last cookie.
    """

    head: int | None
    head_found_by: str | None
    is_vector: bool
    is_whole: bool
    layout: Provenance
    callbacks: list[CallbackBlock]
    callback_count: int | None  # CmpCallBackCount
    last_cookie: int | None
    problems: list[Problem]
    count_at: int | None = None
    cookie_at: int | None = None


class _Way(NamedTuple):
    """One way in which Windows keeps callbacks.

    ``head`` is the symbol of the list's head, or of the vector, ``last_cookie`` that of the last
    cookie that was given out; ``locate`` finds the same places by the kernel's code. ``read`` gets
    the head, a limit and a list for problems; ``with_function`` the head and a function, and takes
    as few reads as that does. All raise TargetError.
    """

    is_vector: bool
    head: str
    last_cookie: str | None
    layouts: Table[Any]
    locate: Callable[[Target], Located]
    read: Callable[[Target, int, int, list[Problem]], Walked]
    with_function: Callable[[Target, int, int], Iterator[CallbackBlock]]


def _locate_list(target: Target) -> Located:
    from .locate import locate_list  # noqa: PLC0415 - 30 ms, seldom needed

    return locate_list(target, BLOCKS.layout(target))


def _read_list(target: Target, head: int, limit: int, problems: list[Problem]) -> Walked:
    return walk_list(target.memory, head, BLOCKS.layout(target), limit, problems)


def _of_list_with_function(target: Target, head: int, function: int) -> Iterator[CallbackBlock]:
    memory, layout = target.memory, BLOCKS.layout(target)
    broken: list[MemoryUnreadable] = []
    for backward in (False, True):  # a list that is broken may be whole the other way
        try:
            for link in memory.list_entries(head, DEFAULT_LIMIT, backward):
                address = link - layout.link
                if memory.pointer(address + layout.function) == function:
                    yield read_block(memory, layout, address)
        except MemoryUnreadable as error:
            broken.append(error)
    if len(broken) == 2:
        raise TargetError(f"not all of the callback list can be read: {broken[0]}")


def _locate_vector(target: Target) -> Located:
    from .locate import locate_vector  # noqa: PLC0415 - 30 ms, seldom needed

    return locate_vector(target, VECTORS.layout(target))


def _read_vector(target: Target, head: int, limit: int, problems: list[Problem]) -> Walked:
    from .callback_vector import walk_vector  # noqa: PLC0415 - 20 years old

    slots = walk_vector(target.memory, head, VECTORS.layout(target))
    callbacks = list(islice(slots, limit))
    is_whole = next(slots, None) is None
    if not is_whole:
        problems.append(Problem("vector", f"goes on after {limit} callbacks; more with --limit"))
    return Walked(callbacks, is_whole)


def _of_vector_with_function(target: Target, head: int, function: int) -> Iterator[CallbackBlock]:
    yield from _with(function, _read_vector(target, head, DEFAULT_LIMIT, []).callbacks)


def _with(
    function: int, callbacks: Sequence[CallbackBlock], cut: str | None = None
) -> Iterator[CallbackBlock]:
    """Raises TargetError behind the last, where not all could be read: for ``cut`` as a whole."""
    yield from (each for each in callbacks if each.function == function)
    unread = (what for each in callbacks if each.function is None for what in each.problems)
    why = cut or next(unread, None)
    if why:
        raise TargetError(f"not all of the callbacks can be read: {why}")


# Vista and later.
_LIST = _Way(
    False, "CallbackListHead", "CmpCallbackCookie", BLOCKS, _locate_list, _read_list,
    _of_list_with_function,
)  # fmt: skip
# XP and Server 2003, where a cookie is the time of its registration and none is kept as the last.
_VECTOR = _Way(
    True, "CmpCallBackVector", None, VECTORS, _locate_vector, _read_vector,
    _of_vector_with_function,
)  # fmt: skip


def keeps_vector(target: Target) -> bool:
    """Whether it is XP or Server 2003, which keep a vector in place of a list."""
    return _way(target).is_vector


def _way(target: Target) -> _Way:
    return _VECTOR if has_vector(target.build) else _LIST


def read_callbacks(target: Target, limit: int = DEFAULT_LIMIT) -> CallbackList:
    """Every callback of ``target``; raises TargetError when there is no list that can be read.

    Without the kernel's symbols the list is found by the kernel's code.
    """
    if target.small_dump:
        return _of_small_dump(target)
    problems: list[Problem] = []
    way = _way(target)
    found_by = "symbol"
    try:
        places = _by_symbols(target, way, problems)
    except SymbolNotFound as error:
        places = _by_code(target, way, error, problems)
        found_by = "code"
    walked = way.read(target, places.head, limit, problems)
    layout = way.layouts.how_known(target)
    if layout.doubt:
        problems.append(Problem("layout", layout.doubt))
    problems += _of_target(target)
    return CallbackList(
        head=places.head,
        head_found_by=found_by,
        is_vector=way.is_vector,
        is_whole=walked.is_whole,
        layout=layout,
        callbacks=walked.callbacks,
        callback_count=_global(target, "CmpCallBackCount", places.callback_count, 4, problems),
        last_cookie=_global(target, "CmpCallbackCookie", places.last_cookie, 8, problems),
        problems=problems,
        count_at=places.callback_count,
        cookie_at=places.last_cookie,
    )


_NOT_FROZEN = (
    "nothing says that the machine stood still meanwhile: what was changed can look broken; look "
    "twice, or at a crash's dump"
)


def _of_target(target: Target) -> Iterator[Problem]:
    """How it was taken, where that is to be known with all that is read of it."""
    if target.taken:
        yield Problem("dump", target.taken)
    if not target.is_frozen:
        yield Problem("memory", _NOT_FROZEN)


def _of_small_dump(target: Target) -> CallbackList:
    from .drivers import Drivers  # noqa: PLC0415 - a list needs none of it
    from .thread_callbacks import read_thread_callbacks  # noqa: PLC0415

    drivers = Drivers(target)
    inside = read_thread_callbacks(target, drivers)
    problems = [Problem("list", _NOT_IN_SMALL), *_of_target(target), *_crash(target, drivers)]
    problems += [Problem("thread", what) for what in (*inside.problems, *doubts(target))]
    way = _way(target)
    return CallbackList(
        head=None,
        head_found_by=None,
        is_vector=way.is_vector,
        is_whole=False,
        layout=way.layouts.how_known(target),
        callbacks=inside.told[::-1],
        callback_count=None,
        last_cookie=None,
        problems=problems,
    )


def _crash(target: Target, drivers: Drivers) -> Iterator[Problem]:
    """What a small dump says besides: the bug check, whose code its parameters are, the drivers."""
    crash = target.bug_check()
    if crash is not None:
        parameters = []
        for value in crash.parameters:
            owner = drivers.owner(value)
            whose = "" if owner.base is None else f" in {owner.module}+{value - owner.base:#x}"
            parameters.append(f"{value:#x}{whose}")
        yield Problem("bug check", f"{crash.code:#x} ({', '.join(parameters)})")
    loaded = sum(1 for _ in drivers.loaded())
    unloaded = ", ".join(each.name or "?" for each in drivers.unloaded())
    yield Problem("drivers", f"{loaded} loaded; unloaded: {unloaded or 'none'}")


_NOT_IN_SMALL = (
    "a small memory dump holds no callback list and no pool: a kernel, automatic or complete dump "
    "has it; regcb check and regcb show --thread say what this one tells"
)


def callbacks_with_function(target: Target, function: int) -> Iterator[CallbackBlock]:
    """Those whose function is at the VA ``function``; raises TargetError where there is no
    list that can be read, and behind the last where not all of it can."""
    if target.small_dump:
        from .drivers import Drivers  # noqa: PLC0415 - a list needs none of it
        from .thread_callbacks import read_thread_callbacks  # noqa: PLC0415

        inside = read_thread_callbacks(target, Drivers(target))
        yield from _with(function, inside.told[::-1], inside.cut)
        return
    way = _way(target)
    try:
        head = target.symbol(way.head)
    except SymbolNotFound as error:
        head = _by_code(target, way, error, []).head
    yield from way.with_function(target, head, function)


class _Places(NamedTuple):
    """VAs of the list's head (XP: of the vector) and of the kernel's globals, None without one."""

    head: int
    callback_count: int | None
    last_cookie: int | None


def _by_symbols(target: Target, way: _Way, problems: list[Problem]) -> _Places:
    """Raises SymbolNotFound without the head."""

    def other(name: str) -> int | None:
        try:
            return target.symbol(name)
        except SymbolNotFound as error:
            problems.append(Problem(f"nt!{name}", str(error)))
            return None

    head = target.symbol(way.head)
    last_cookie = other(way.last_cookie) if way.last_cookie else None
    return _Places(head, other("CmpCallBackCount"), last_cookie)


def _by_code(target: Target, way: _Way, error: SymbolNotFound, problems: list[Problem]) -> _Places:
    """Raises TargetError when the code does not tell either."""
    found = way.locate(target)
    if found.head is None:
        raise TargetError(f"{error}; without it: {'; '.join(found.problems)}")
    problems.append(Problem("found by the kernel's code", str(error)))
    problems += [Problem("code", what) for what in found.problems]
    return _Places(found.head, found.callback_count, found.last_cookie)


def _global(
    target: Target, name: str, address: int | None, size: int, problems: list[Problem]
) -> int | None:
    if address is None:
        return None
    try:
        return target.memory.unsigned(address, size)
    except MemoryUnreadable as error:
        problems.append(Problem(f"nt!{name}", str(error)))
        return None
