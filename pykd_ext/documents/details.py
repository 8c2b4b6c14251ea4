"""``regcb.callback/1``: everything about the callbacks that were asked for."""

from collections.abc import Sequence
from typing import Optional, TypedDict

from ..kernel.details import Details
from ..kernel.listing import Listing, problems_of_all
from ..target.image import Section
from ..triage.altitudes import find
from .altitudes import AllocationDocument, allocation_document
from .callback_fields import CallbackDocument, callback_document
from .callbacks import ProblemDocument, problem_document
from .target import TargetDocument, target_document
from .text import hexadecimal

__all__ = ["DetailsDocument", "access_text", "details_document"]


class UnlistedImageDocument(TypedDict):
    """An image that is on no list of modules, around a function in no loaded one."""

    base: str
    pdb: Optional[str]


class SectionDocument(TypedDict):
    """The section of the owner's image that the function lies in."""

    name: str
    access: str


class InstructionDocument(TypedDict):
    """One instruction; ``target`` is the symbol that a call or jump leads to."""

    address: str
    bytes: str
    text: str
    target: Optional[str]


class ObjectContextDocument(TypedDict):
    """What the callback remembers of one key (CmSetCallbackObjectContext)."""

    address: str
    key_object: str
    key_path: Optional[str]
    context: str
    cookie: str


class DetailedCallback(CallbackDocument):
    """A callback as ``list`` has it, and the rest."""

    altitude_allocations: list[AllocationDocument]
    owner_size: Optional[int]
    owner_time_date_stamp: Optional[str]
    unlisted_image: Optional[UnlistedImageDocument]
    section: Optional[SectionDocument]
    instructions: list[InstructionDocument]
    contexts: list[ObjectContextDocument]


class DetailsDocument(TypedDict):
    """The target, the callbacks, and what of the list as a whole could not be read."""

    schema: str
    target: TargetDocument
    callbacks: list[DetailedCallback]
    problems: list[ProblemDocument]


def details_document(listing: Listing, shown: Sequence[Details]) -> DetailsDocument:
    """What ``show --json`` prints."""
    return {
        "schema": "regcb.callback/1",
        "target": target_document(listing),
        "callbacks": [_detailed(details) for details in shown],
        "problems": [problem_document(each) for each in problems_of_all(listing)],
    }


def _detailed(details: Details) -> DetailedCallback:
    owner, altitude, image = details.entry.owner, details.entry.block.altitude, details.unlisted
    return {
        **callback_document(details.entry),
        "altitude_allocations": list(map(allocation_document, find(altitude) if altitude else ())),
        "owner_size": owner.size,
        "owner_time_date_stamp": hexadecimal(owner.time_date_stamp),
        "unlisted_image": {"base": hexadecimal(image.base), "pdb": image.pdb} if image else None,
        "section": _section(details.section) if details.section else None,
        "instructions": [
            {
                "address": hexadecimal(each.address),
                "bytes": each.code.hex(),
                "text": each.text,
                "target": details.symbols.get(each.target) if each.target else None,
            }
            for each in details.instructions
        ],
        "contexts": [
            {
                "address": hexadecimal(each.address),
                "key_object": hexadecimal(each.key_object),
                "key_path": details.key_paths.get(each.key_object),
                "context": hexadecimal(each.context),
                "cookie": hexadecimal(each.cookie),
            }
            for each in details.contexts
        ],
        "problems": [*details.entry.block.problems, *details.problems],
    }


def _section(section: Section) -> SectionDocument:
    return {"name": section.name, "access": access_text(section)}


def access_text(section: Section) -> str:
    """``read, execute``."""
    words = (
        ("read", section.readable),
        ("write", section.writable),
        ("execute", section.executable),
        ("discardable", section.discardable),
    )
    return ", ".join(word for word, holds in words if holds)
