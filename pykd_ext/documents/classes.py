"""``regcb.classes/1``: the notify classes, with their structures for both sizes of pointers."""

from collections.abc import Sequence
from typing import Optional, TypedDict

from ..notify.classes import NotifyClass
from ..notify.structures import Structure, structure
from ..target.architecture import POINTER_SIZES

__all__ = ["ClassesDocument", "classes_document"]


class MemberDocument(TypedDict):
    """One member of a structure; offset and size in bytes."""

    name: str
    type: str
    offset: int
    size: int


class LayoutDocument(TypedDict):
    """A structure where pointers have this size, in bytes."""

    pointer_size: int
    size: int
    fields: list[MemberDocument]


class StructureDocument(TypedDict):
    """A structure that comes with the notification."""

    name: str
    layouts: list[LayoutDocument]


class ClassDocument(TypedDict):
    """One REG_NOTIFY_CLASS."""

    number: int
    name: str
    alias: Optional[str]
    pre_post: str
    pair: Optional[int]
    operation: str
    since: str
    caller: Optional[str]
    answer: str
    bypass_owes: Optional[Sequence[str]]
    key_object: str
    structures: list[StructureDocument]


class ClassesDocument(TypedDict):
    """The classes that were asked for."""

    schema: str
    classes: list[ClassDocument]


def classes_document(classes: Sequence[NotifyClass]) -> ClassesDocument:
    """What ``classes --json`` prints."""
    return {"schema": "regcb.classes/1", "classes": [_class(each) for each in classes]}


def _class(about: NotifyClass) -> ClassDocument:
    return {
        "number": about.number,
        "name": about.name,
        "alias": about.alias,
        "pre_post": about.phase,
        "pair": about.pair_number,
        "operation": about.operation,
        "since": about.since,
        "caller": None if about.caller == "unknown" else about.caller,
        "answer": about.answer,
        "bypass_owes": about.bypass_owes,
        "key_object": about.key_object,
        "structures": [
            {
                "name": name,
                "layouts": [_layout(size, structure(name, size)) for size in POINTER_SIZES],
            }
            for name in about.structures
        ],
    }


def _layout(pointer_size: int, layout: Structure) -> LayoutDocument:
    return {
        "pointer_size": pointer_size,
        "size": layout.size,
        "fields": [
            {"name": each.name, "type": each.type, "offset": each.offset, "size": each.size}
            for each in layout.members
        ],
    }
