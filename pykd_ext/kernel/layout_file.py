"""A layout that ``regcb verify --json`` has saved, in place of the table's row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..target.errors import RegcbError
from .builds import VERIFIED, Provenance
from .callbacks import keeps_vector
from .layouts import (
    BLOCKS,
    UNREGISTER_PENDING,
    VECTORS,
    BlockLayout,
    VectorLayout,
)
from .saved_document import read_document

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["LayoutFileError", "use_layout_file"]

_SCHEMA = "regcb.verification/1"
_WRITER = "regcb verify --json"
_LARGEST_BLOCK = 0x1000  # bytes
_BLOCK = tuple(each for each in BlockLayout._fields if each != "pending")  # that are offsets
_MAY_BE_ABSENT = ("active_uses", "flags")
_SLOTS = 100


class LayoutFileError(RegcbError):
    """A file is no layout, or not one for this target; ``str()`` says why in one line."""


class _Field(NamedTuple):
    """Bytes of a block by the size of a pointer; ``pointers`` come on top of ``fixed``."""

    fixed: int
    pointers: int = 0


# How wide a field is (kernel/layouts.py), which must lie within its block.
_BLOCK_FIELDS = {
    "link": _Field(0, 2), "active_uses": _Field(4), "flags": _Field(4), "cookie": _Field(8),
    "caller_context": _Field(0, 1), "function": _Field(0, 1), "altitude": _Field(0, 2),
    "object_contexts": _Field(0, 2),
}  # fmt: skip
_ROUTINE_FIELDS = {"function": _Field(0, 1), "context": _Field(0, 1)}
_VECTOR_BLOCK_FIELDS = {"cookie": _Field(8), "caller_context": _Field(0, 1)}


def use_layout_file(target: Target, path: Path) -> None:
    """From now on ``target`` is read by the layout that the file at ``path`` holds.

    Raises LayoutFileError for a file that is none, or is of another build or architecture.
    """
    document = read_document(path, (_SCHEMA,), _WRITER, LayoutFileError)
    _check_kernel(document.get("kernel"), target, path)
    kind = "vector" if keeps_vector(target) else "list"
    layout = document.get("layout")
    if document.get("kind") != kind or not isinstance(layout, dict):
        raise LayoutFileError(f"{path}: it has no layout of a {kind} of callbacks: not enough was "
                              "seen of that kernel, or the file is damaged")  # fmt: skip
    provenance = Provenance(VERIFIED, str(path), _doubt(document, path))
    size = target.memory.pointer_size
    if kind == "vector":
        numbers = _numbers(layout, VectorLayout._fields, path)
        given = VectorLayout(**numbers)  # type: ignore[arg-type]
        if not 0 < given.slots <= _SLOTS:
            raise LayoutFileError(f"{path}: damaged: slots is {given.slots}")
        _check_extents(numbers, _ROUTINE_FIELDS, given.size, size, path)
        _check_extents(numbers, _VECTOR_BLOCK_FIELDS, given.block_size, size, path)
        VECTORS.give(target, given, provenance)
        return
    numbers = _numbers(layout, _BLOCK, path)
    row = BLOCKS.row(target.architecture, target.build)
    pending = row.value.pending if row else UNREGISTER_PENDING
    block = BlockLayout(**numbers, pending=pending)  # type: ignore[arg-type]
    _check_extents(numbers, _BLOCK_FIELDS, block.size, size, path)
    BLOCKS.give(target, block, provenance)


def _check_kernel(kernel: Any, target: Target, path: Path) -> None:
    """A layout is one kernel's: the build and the architecture have to be the target's."""
    found = kernel if isinstance(kernel, dict) else {}
    own = (target.architecture, target.build)
    if (found.get("architecture"), found.get("build")) != own:
        theirs = f"{found.get('architecture')!r:.40} build {found.get('build')!r:.40}"
        raise LayoutFileError(
            f"{path}: it is of a kernel of {theirs}, the target is of {own[0]} build {own[1]}"
        )


def _doubt(document: Mapping[str, Any], path: Path) -> str | None:
    unseen = document.get("unseen")
    names = [each for each in unseen if isinstance(each, str)] if isinstance(unseen, list) else []
    known = [each for each in names if each in _BLOCK + VectorLayout._fields]
    if not known:
        return None
    return f"{path} has {', '.join(known)} from the table: verify could not see that"


def _numbers(layout: dict[str, Any], fields: tuple[str, ...], path: Path) -> dict[str, int | None]:
    """These fields, each an offset; what a later version has beside them is passed over."""
    for name in fields:
        if name not in layout:
            raise LayoutFileError(f"{path}: damaged: layout.{name} is missing")
        value = layout[name]
        if value is None and name in _MAY_BE_ABSENT:
            continue
        if type(value) is not int or not 0 <= value <= _LARGEST_BLOCK:
            raise LayoutFileError(f"{path}: damaged: layout.{name} is {value!r:.40}, no offset")
    return {name: layout[name] for name in fields}


def _check_extents(
    numbers: dict[str, int | None], fields: dict[str, _Field], size: int, pointer: int, path: Path
) -> None:
    """Every field within the block, none over another."""
    taken: dict[int, str] = {}
    for name, field in fields.items():
        start = numbers[name]
        if start is None:
            continue
        end = start + field.fixed + field.pointers * pointer
        over = next((taken[at] for at in range(start, end) if at in taken), None)
        if end > size or over:
            where = f"over layout.{over}" if over else f"outside the block of {size:#x} bytes"
            raise LayoutFileError(f"{path}: damaged: layout.{name} at +{start:#x} lies {where}")
        taken.update(dict.fromkeys(range(start, end), name))
