"""Where a kernel type keeps a field: asked of the symbols once for each target, else by a table."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..target.errors import MemoryUnreadable, TypeNotFound

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["field_offset", "field_pointer", "known_field_offset"]

# Symbols do not change while a target lives, and each question is a target request.
_KNOWN: WeakKeyDictionary[Target, dict[tuple[str, str], int | None]] = WeakKeyDictionary()


def field_offset(target: Target, type_name: str, field: str) -> int | None:
    """The offset in bytes of ``nt!type_name.field``.

    None where neither the symbols nor a table have it.
    """
    known = _KNOWN.setdefault(target, {})
    if (type_name, field) not in known:
        try:
            known[type_name, field] = target.field_offset(type_name, field)
        except TypeNotFound:
            from .type_rows import row_of_field  # noqa: PLC0415 - where there are no types

            known[type_name, field] = row_of_field(target, type_name, field)
    return known[type_name, field]


def known_field_offset(target: Target, type_name: str, field: str) -> int:
    """The same; raises TypeNotFound."""
    offset = field_offset(target, type_name, field)
    if offset is None:
        raise TypeNotFound(f"{type_name}.{field}", "nt")
    return offset


def field_pointer(target: Target, base: int, type_name: str, field: str) -> int:
    """What a pointer in the structure at the VA ``base`` holds, 0 where it cannot be read or nobody
    knows the place of it."""
    offset = field_offset(target, type_name, field)
    try:
        return 0 if offset is None else target.memory.pointer(base + offset)
    except MemoryUnreadable:
        return 0
