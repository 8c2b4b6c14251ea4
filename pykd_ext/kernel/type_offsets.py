"""Where a kernel type keeps a field: asked of the symbols once for each target."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..target.errors import TypeNotFound

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["field_offset"]

# Symbols do not change while a target lives, and each question is a target request.
_KNOWN: WeakKeyDictionary[Target, dict[tuple[str, str], int | None]] = WeakKeyDictionary()


def field_offset(target: Target, type_name: str, field: str) -> int | None:
    """The offset in bytes of ``nt!type_name.field``, None where the symbols do not have it."""
    known = _KNOWN.setdefault(target, {})
    if (type_name, field) not in known:
        try:
            known[type_name, field] = target.field_offset(type_name, field)
        except TypeNotFound:
            known[type_name, field] = None
    return known[type_name, field]
