"""Everything about one callback: what ``show`` adds to its line in the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from ..target.errors import MemoryUnreadable
from ..target.image import Section, sections
from .code import disassemble
from .doubts import doubts
from .instructions import Instruction
from .key_objects import NotAKey, read_key_object
from .layouts import BLOCKS
from .listing import RegistryCallback
from .object_contexts import ObjectContext, object_contexts
from .unlisted_images import UnlistedImage, unlisted_image

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Details", "read_details"]

_INSTRUCTIONS = 12
_CONTEXTS = 1000
_KEY_PATHS = 100  # each takes four requests


@dataclass(frozen=True)
class Details:
    """``section`` is the one of the owner's image that holds the function, ``unlisted`` the image
    that does where no owner is known; ``symbols`` names the
    targets of the calls and jumps among ``instructions``; ``key_paths`` has the full paths of the
    first 100 key objects among ``contexts``, where they can be told."""

    entry: RegistryCallback
    section: Section | None = None
    unlisted: UnlistedImage | None = None
    instructions: list[Instruction] = field(default_factory=list)
    symbols: dict[int, str] = field(default_factory=dict)
    contexts: list[ObjectContext] = field(default_factory=list)
    key_paths: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_details(target: Target, entry: RegistryCallback) -> Details:
    """Reads what there is; what could not be read is said in ``problems``."""
    problems: list[str] = []
    section = _section(target, entry, problems)
    details = Details(entry, section, _unlisted(target, entry), problems=problems)
    _read_code(target, details)
    _read_contexts(target, details)
    _read_key_paths(target, details)
    return details


def _section(target: Target, entry: RegistryCallback, problems: list[str]) -> Section | None:
    function, base = entry.block.function, entry.owner.base
    if not function or base is None or entry.owner.state != "loaded":
        return None
    try:
        found = [
            each
            for each in sections(target.memory, base)
            if each.address <= function - base < each.address + each.size
        ]
    except MemoryUnreadable as error:
        problems.append(f"section: {error}")
        return None
    return found[0] if found else None


def _unlisted(target: Target, entry: RegistryCallback) -> UnlistedImage | None:
    function = entry.block.function
    hidden = bool(function) and entry.owner.state == "none"
    return unlisted_image(target.memory, function or 0) if hidden else None


def _read_code(target: Target, details: Details) -> None:
    function = details.entry.block.function
    if not function:
        return
    try:
        details.instructions.extend(disassemble(target, function, _INSTRUCTIONS))
    except MemoryUnreadable as error:
        details.problems.append(f"code: {error}")
    for instruction in details.instructions:
        symbol = target.nearest_symbol(instruction.target) if instruction.target else None
        if symbol and instruction.target:
            details.symbols[instruction.target] = str(symbol)


def _read_contexts(target: Target, details: Details) -> None:
    callback = details.entry.block
    if callback.found_by == "vector" or callback.function is None:
        return
    layout = BLOCKS.layout(target)
    head = callback.address + layout.object_contexts
    try:
        details.contexts.extend(islice(object_contexts(target.memory, head, _CONTEXTS), _CONTEXTS))
    except MemoryUnreadable as error:
        details.problems.append(f"object contexts: {error}")
    if len(details.contexts) == _CONTEXTS:
        details.problems.append(f"object contexts: the first {_CONTEXTS} are shown")


def _read_key_paths(target: Target, details: Details) -> None:
    for context in details.contexts[:_KEY_PATHS]:
        try:
            key = read_key_object(target, context.key_object)
        except NotAKey as error:
            # It has been closed, or the driver has mistaken something else for one.
            details.problems.append(f"key path: {error}")
            continue
        details.problems.extend(f"key path: {each}" for each in key.problems)
        if key.path is not None:
            details.key_paths[context.key_object] = key.path
    details.problems.extend(doubts(target))
