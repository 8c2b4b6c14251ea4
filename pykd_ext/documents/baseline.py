"""A saved ``list --json``, of this version of regcb, an older one or a newer one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ..kernel.saved_document import read_document
from ..target.architecture import ARCHITECTURES
from ..target.errors import RegcbError
from .callback_fields import CALLBACK_FIELDS
from .callbacks import CallbacksDocument
from .field import FieldType
from .field_types import ADDRESS, COUNT, INDEX, SURE_ADDRESS, SURE_TEXT, TEXT

__all__ = ["BaselineError", "read_baseline"]

_MOST = 20_000  # callbacks; a kernel has about ten, --limit may have shown more than list does

# What a document has of its target; ``layout`` came later.
_TARGET = {
    "kind": SURE_TEXT, "path": TEXT, "version": SURE_TEXT, "build": INDEX, "nt_base": SURE_ADDRESS,
    "list_head": ADDRESS, "list_head_found_by": TEXT, "callback_count": COUNT,
    "last_cookie": ADDRESS, "boot_time": TEXT,
}  # fmt: skip
_LAYOUT = {"known": SURE_TEXT, "source": SURE_TEXT}

# Both hold the same list; a later generation of either would have to be read by other code.
_SCHEMAS = ("regcb.callbacks/1", "regcb.findings/1")


class BaselineError(RegcbError):
    """A file is no baseline, or not one for this target; ``str()`` says why."""


def read_baseline(path: Path) -> CallbacksDocument:
    """The document that ``regcb list --json`` (or ``check --json``) wrote to ``path``.

    Its callbacks may lack fields of :data:`CALLBACK_FIELDS`, and have others; those that it has of
    them are of their types. Raises BaselineError for a file that cannot be read, is no such
    document, or is damaged.
    """
    document = read_document(path, _SCHEMAS, "regcb list --json", BaselineError)
    for what in _damages(document):
        raise BaselineError(f"{path}: damaged: {what}")
    return cast(CallbacksDocument, document)


def _damages(document: dict[str, Any]) -> Iterator[str]:
    """What it cannot be compared for, the first first."""
    callbacks, target = document.get("callbacks"), document.get("target")
    if not isinstance(callbacks, list):
        yield "callbacks is no list"
        return
    if not isinstance(target, dict):
        yield "target is missing"
        return
    if target.get("architecture") not in [*ARCHITECTURES]:  # it may be a list
        yield f"target.architecture is none of {', '.join(ARCHITECTURES)}"
    if len(callbacks) > _MOST:
        yield f"it has {len(callbacks)} callbacks, more than the {_MOST} that are compared"
        return
    for number, callback in enumerate(callbacks):
        if not isinstance(callback, dict):
            yield f"callback {number} is no object"
            continue
        for field in CALLBACK_FIELDS:
            if field.name in callback and not field.type.fits(callback[field.name]):
                yield f"callback {number}: {field.name} is no {field.type.name}"
    problems = document.get("problems", [])
    if not isinstance(problems, list) or not all(map(_is_problem, problems)):
        yield "problems is no list of where and what"
    yield from _misfits("target", target, _TARGET)
    yield from _misfits("target.layout", target.get("layout", dict.fromkeys(_LAYOUT, "")), _LAYOUT)


def _misfits(name: str, value: Any, types: dict[str, FieldType]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{name} is no object"
        return
    for key, type_ in types.items():
        if key not in value or not type_.fits(value[key]):
            yield f"{name}.{key} is no {type_.name}"


def _is_problem(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("where", "what")
    )
