"""All registry callbacks of a target, however its Windows keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable, SymbolNotFound, TargetError
from .callback_list import walk_list
from .layouts import block_layout, has_vector, vector_layout
from .registry_callback import Problem, RegistryCallback

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["DEFAULT_LIMIT", "CallbackList", "read_callbacks"]

DEFAULT_LIMIT = 10_000  # entries


class CallbackList(NamedTuple):
    """All callbacks in calling order, and the kernel's globals about them."""

    head: int
    head_found_by: str
    callbacks: list[RegistryCallback]
    callback_count: int | None  # CmpCallBackCount
    last_cookie: int | None
    problems: list[Problem]


def read_callbacks(target: Target, limit: int = DEFAULT_LIMIT) -> CallbackList:
    """Every callback of ``target``; raises TargetError when there is no list that can be read.

    Without the kernel's symbols the list is found by the kernel's code.
    """
    problems: list[Problem] = []
    found_by = "symbol"
    try:
        places = _by_symbols(target, problems)
    except SymbolNotFound as error:
        places = _by_code(target, error, problems)
        found_by = "code"
    if has_vector(target.build):
        from .callback_vector import walk_vector  # noqa: PLC0415 - 20 years old

        callbacks = list(walk_vector(target.memory, places.head))
        problems.append(Problem("context", "where this Windows keeps it is not known"))
    else:
        layout = block_layout(target.memory.pointer_size, target.build)
        if layout.uncertain:
            problems.append(Problem("layout", layout.uncertain))
        callbacks = walk_list(target.memory, places.head, layout, limit, problems)
    return CallbackList(
        head=places.head,
        head_found_by=found_by,
        callbacks=callbacks,
        callback_count=_global(target, "CmpCallBackCount", places.callback_count, 4, problems),
        last_cookie=_global(target, "CmpCallbackCookie", places.last_cookie, 8, problems),
        problems=problems,
    )


class _Places(NamedTuple):
    """VAs of the list's head (XP: of the vector) and of the kernel's globals, None without one."""

    head: int
    callback_count: int | None
    last_cookie: int | None


def _by_symbols(target: Target, problems: list[Problem]) -> _Places:
    """Raises SymbolNotFound without the head."""

    def other(name: str) -> int | None:
        try:
            return target.symbol(name)
        except SymbolNotFound as error:
            problems.append(Problem(f"nt!{name}", str(error)))
            return None

    if has_vector(target.build):
        # A cookie is the time of its registration there, none is kept as the last.
        return _Places(target.symbol("CmpCallBackVector"), other("CmpCallBackCount"), None)
    head = target.symbol("CallbackListHead")
    return _Places(head, other("CmpCallBackCount"), other("CmpCallbackCookie"))


def _by_code(target: Target, error: SymbolNotFound, problems: list[Problem]) -> _Places:
    """Raises TargetError when the code does not tell either."""
    from .locate import locate_list, locate_vector  # noqa: PLC0415 - 30 ms, seldom needed

    if has_vector(target.build):
        found = locate_vector(target, vector_layout(target.memory.pointer_size))
    else:
        found = locate_list(target, block_layout(target.memory.pointer_size, target.build))
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
