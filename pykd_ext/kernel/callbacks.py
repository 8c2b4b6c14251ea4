"""All registry callbacks of a target, however its Windows keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..target.errors import MemoryUnreadable, SymbolNotFound, TargetError
from .builds import Provenance, has_vector
from .callback_list import read_block, walk_list
from .doubts import doubts
from .layouts import block_layout, block_provenance, vector_layout, vector_provenance
from .registry_callback import Problem, RegistryCallback

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

DEFAULT_LIMIT = 10_000  # entries


class CallbackList(NamedTuple):
    """All callbacks in calling order, and the kernel's globals about them. Of a small dump, which
    has no list and None for its ``head``, those that its thread is in, the outermost first.

    ``is_vector``: of XP and Server 2003, whose ``head`` is that of CmpCallBackVector. ``layout``
    says how the layout that they were read by is known.
    """

    head: int | None
    head_found_by: str | None
    is_vector: bool
    layout: Provenance
    callbacks: list[RegistryCallback]
    callback_count: int | None  # CmpCallBackCount
    last_cookie: int | None
    problems: list[Problem]


class _Reader(Protocol):
    """One way in which Windows keeps callbacks."""

    @property
    def is_vector(self) -> bool:
        """Whether it is XP's."""

    @property
    def head(self) -> str:
        """The symbol of the list's head, or of the vector."""

    @property
    def last_cookie(self) -> str | None:
        """The symbol of the last cookie that was given out."""

    def layout(self) -> Provenance:
        """Raises LookupError where none is known."""

    def locate(self) -> Located:
        """The same places by the kernel's code."""

    def read(self, head: int, limit: int, problems: list[Problem], /) -> list[RegistryCallback]:
        """Raises TargetError."""

    def with_function(self, head: int, function: int) -> Iterator[RegistryCallback]:
        """Those that have it, with as few reads as that takes."""


class _List:
    """nt!CallbackListHead, Vista and later."""

    is_vector = False
    head = "CallbackListHead"
    last_cookie = "CmpCallbackCookie"

    def __init__(self, target: Target) -> None:
        self._target = target

    def layout(self) -> Provenance:
        return block_provenance(self._target)

    def locate(self) -> Located:
        from .locate import locate_list  # noqa: PLC0415 - 30 ms, seldom needed

        return locate_list(self._target, block_layout(self._target))

    def read(self, head: int, limit: int, problems: list[Problem]) -> list[RegistryCallback]:
        return walk_list(self._target.memory, head, block_layout(self._target), limit, problems)

    def with_function(self, head: int, function: int) -> Iterator[RegistryCallback]:
        memory, layout = self._target.memory, block_layout(self._target)
        for backward in (False, True):  # a list that is broken may be whole the other way
            try:
                for link in memory.list_entries(head, DEFAULT_LIMIT, backward):
                    address = link - layout.link
                    if memory.pointer(address + layout.function) == function:
                        yield read_block(memory, layout, address)
            except MemoryUnreadable:
                continue


class _Vector:
    """nt!CmpCallBackVector of XP and Server 2003, where a cookie is the time of its registration
    and none is kept as the last."""

    is_vector = True
    head = "CmpCallBackVector"
    last_cookie = None

    def __init__(self, target: Target) -> None:
        self._target = target

    def layout(self) -> Provenance:
        return vector_provenance(self._target)

    def locate(self) -> Located:
        from .locate import locate_vector  # noqa: PLC0415 - 30 ms, seldom needed

        return locate_vector(self._target, vector_layout(self._target))

    def read(self, head: int, limit: int, _: list[Problem]) -> list[RegistryCallback]:
        from .callback_vector import walk_vector  # noqa: PLC0415 - 20 years old

        slots = walk_vector(self._target.memory, head, vector_layout(self._target))
        return list(islice(slots, limit))

    def with_function(self, head: int, function: int) -> Iterator[RegistryCallback]:
        slots = self.read(head, DEFAULT_LIMIT, [])
        return (each for each in slots if each.function == function)


def keeps_vector(target: Target) -> bool:
    """Whether it is XP or Server 2003, which keep a vector in place of a list."""
    return _reader(target).is_vector


def _reader(target: Target) -> _Reader:
    return _Vector(target) if has_vector(target.build) else _List(target)


def read_callbacks(target: Target, limit: int = DEFAULT_LIMIT) -> CallbackList:
    """Every callback of ``target``; raises TargetError when there is no list that can be read.

    Without the kernel's symbols the list is found by the kernel's code.
    """
    if target.small_dump:
        return _of_small_dump(target)
    problems: list[Problem] = []
    reader = _reader(target)
    found_by = "symbol"
    try:
        places = _by_symbols(target, reader, problems)
    except SymbolNotFound as error:
        places = _by_code(reader, error, problems)
        found_by = "code"
    callbacks = reader.read(places.head, limit, problems)
    layout = reader.layout()
    if layout.doubt:
        problems.append(Problem("layout", layout.doubt))
    return CallbackList(
        head=places.head,
        head_found_by=found_by,
        is_vector=reader.is_vector,
        layout=layout,
        callbacks=callbacks,
        callback_count=_global(target, "CmpCallBackCount", places.callback_count, 4, problems),
        last_cookie=_global(target, "CmpCallbackCookie", places.last_cookie, 8, problems),
        problems=problems,
    )


def _of_small_dump(target: Target) -> CallbackList:
    from .drivers import Drivers  # noqa: PLC0415 - a list needs none of it
    from .thread_callbacks import read_thread_callbacks  # noqa: PLC0415

    drivers = Drivers(target)
    inside = read_thread_callbacks(target, drivers)
    problems = [Problem("list", _NOT_IN_SMALL), *_crash(target, drivers)]
    problems += [Problem("thread", what) for what in (*inside.problems, *doubts(target))]
    reader = _reader(target)
    return CallbackList(
        head=None,
        head_found_by=None,
        is_vector=reader.is_vector,
        layout=reader.layout(),
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


def callbacks_with_function(target: Target, function: int) -> Iterator[RegistryCallback]:
    """Those whose function is at the VA ``function``; raises TargetError where there is no
    list that can be read."""
    if target.small_dump:
        listed = _of_small_dump(target).callbacks
        yield from (each for each in listed if each.function == function)
        return
    reader = _reader(target)
    try:
        head = target.symbol(reader.head)
    except SymbolNotFound as error:
        head = _by_code(reader, error, []).head
    yield from reader.with_function(head, function)


class _Places(NamedTuple):
    """VAs of the list's head (XP: of the vector) and of the kernel's globals, None without one."""

    head: int
    callback_count: int | None
    last_cookie: int | None


def _by_symbols(target: Target, reader: _Reader, problems: list[Problem]) -> _Places:
    """Raises SymbolNotFound without the head."""

    def other(name: str) -> int | None:
        try:
            return target.symbol(name)
        except SymbolNotFound as error:
            problems.append(Problem(f"nt!{name}", str(error)))
            return None

    head = target.symbol(reader.head)
    last_cookie = other(reader.last_cookie) if reader.last_cookie else None
    return _Places(head, other("CmpCallBackCount"), last_cookie)


def _by_code(reader: _Reader, error: SymbolNotFound, problems: list[Problem]) -> _Places:
    """Raises TargetError when the code does not tell either."""
    found = reader.locate()
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
