"""Everything about one key object, read when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable
from .doubts import doubts
from .drivers import Drivers
from .key_control_blocks import key_path, read_lower_layer
from .key_counts import KeyCounts, read_key_counts
from .key_objects import KeyObject, read_key_object
from .layouts import BLOCKS
from .listing import symbol_text
from .object_contexts import ObjectContext, contexts_of_key
from .processes import NoSuchProcess, Process, find_process

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["KeyContext", "KeyDetails", "read_key_details"]

_CONTEXTS_AT_MOST = 100  # each takes two or three requests
_LONGEST_ALTITUDE = 0x100  # bytes


class KeyContext(NamedTuple):
    """What one callback remembers of the key; its function is None where it cannot be read."""

    context: ObjectContext
    altitude: str | None = None
    function: int | None = None
    function_symbol: str | None = None


class KeyDetails(NamedTuple):
    """One key object, the process that opened it (None where it has gone), the path of the key
    that it lies over in a container, what it has (None without a control block), and its
    contexts."""

    key: KeyObject
    process: Process | None
    lower_path: str | None
    counts: KeyCounts | None
    contexts: list[KeyContext]
    problems: list[str]


def read_key_details(target: Target, address: int) -> KeyDetails:
    """Reads what is known of the key object at ``address``; raises NotAKey."""
    key = read_key_object(target, address)
    problems = list(key.problems)
    process = None
    try:
        process = find_process(target, key.process_id)
    except NoSuchProcess as error:
        problems.append(f"its process: {error}")
    lower_path = _lower_path(target, key, problems)
    contexts = _contexts(target, key, problems)
    problems += doubts(target)
    counts = read_key_counts(target.memory, key.block) if key.block else None
    return KeyDetails(key, process, lower_path, counts, contexts, problems)


def _lower_path(target: Target, key: KeyObject, problems: list[str]) -> str | None:
    if key.block is None:
        return None
    try:
        lower = read_lower_layer(target.memory, target.build, key.block)
    except MemoryUnreadable as error:
        problems.append(f"the key that it lies over: {error}")
        return None
    if lower is None:
        return None
    path = key_path(target.memory, target.build, lower)
    problems += (f"the key that it lies over: {each}" for each in path.problems)
    return path.text


def _contexts(target: Target, key: KeyObject, problems: list[str]) -> list[KeyContext]:
    if key.contexts is None:
        return []
    drivers = Drivers(target)
    found: list[KeyContext] = []
    try:
        for context in contexts_of_key(target.memory, key.contexts, _CONTEXTS_AT_MOST):
            found.append(_joined(target, drivers, context, problems))
    except MemoryUnreadable as error:
        problems.append(f"object contexts: {error}")
    problems += drivers.problems
    return found


def _joined(
    target: Target, drivers: Drivers, context: ObjectContext, problems: list[str]
) -> KeyContext:
    memory, block = target.memory, context.block
    layout = BLOCKS.layout(target)
    try:
        function = memory.pointer(block + layout.function)
        altitude = memory.text(memory.unicode_string(block + layout.altitude), _LONGEST_ALTITUDE)
    except MemoryUnreadable as error:
        problems.append(f"the callback of the object context at {context.address:#x}: {error}")
        return KeyContext(context)
    symbol = symbol_text(target, drivers.owner(function), function) if function else None
    return KeyContext(context, altitude, function, symbol)
