"""All registry callbacks of a target, however its Windows keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable, SymbolNotFound, TargetError
from .callback_list import walk_list
from .layouts import block_layout, has_vector
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
    """Every callback of ``target``; raises TargetError when there is no list that can be read."""
    problems: list[Problem] = []
    if has_vector(target.build):
        head = _locate(target, "CmpCallBackVector")
        from .callback_vector import walk_vector  # noqa: PLC0415 - 20 years old

        callbacks = list(walk_vector(target.memory, head))
        problems.append(Problem("context", "where this Windows keeps it is not known"))
    else:
        head = _locate(target, "CallbackListHead")
        layout = block_layout(target.memory.pointer_size, target.build)
        if layout.uncertain:
            problems.append(Problem("layout", layout.uncertain))
        callbacks = walk_list(target.memory, head, layout, limit, problems)
    return CallbackList(
        head=head,
        head_found_by="symbol",
        callbacks=callbacks,
        callback_count=_global(target, "CmpCallBackCount", 4, problems),
        last_cookie=_last_cookie(target, problems),
        problems=problems,
    )


def _locate(target: Target, name: str) -> int:
    try:
        return target.symbol(name)
    except SymbolNotFound as error:
        raise TargetError(str(error)) from None


def _global(target: Target, name: str, size: int, problems: list[Problem]) -> int | None:
    try:
        return target.memory.unsigned(target.symbol(name), size)
    except (SymbolNotFound, MemoryUnreadable) as error:
        problems.append(Problem(f"nt!{name}", str(error)))
        return None


def _last_cookie(target: Target, problems: list[Problem]) -> int | None:
    if has_vector(target.build):
        return None  # a cookie is the time of its registration there, none is kept as the last
    return _global(target, "CmpCallbackCookie", 8, problems)
