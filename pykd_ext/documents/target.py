"""What was looked at, a part of almost every document."""

from typing import Optional, TypedDict

from ..kernel.listing import Listing, TargetFacts
from .text import hexadecimal, time_text

__all__ = ["FactsDocument", "TargetDocument", "facts_document", "target_document"]


class FactsDocument(TypedDict):
    """The machine and its kernel."""

    kind: str
    path: Optional[str]
    architecture: str
    version: str
    build: int
    nt_base: str


class LayoutDocument(TypedDict):
    """How the layout of a callback's block is known, and from where."""

    known: str
    source: str


class TargetDocument(FactsDocument):
    """The same, with the kernel's globals about its callbacks."""

    list_head: Optional[str]
    list_head_found_by: Optional[str]
    callback_count: Optional[int]
    last_cookie: Optional[str]
    boot_time: Optional[str]
    layout: LayoutDocument


def facts_document(facts: TargetFacts) -> FactsDocument:
    """Of a target whose callbacks nobody has asked for."""
    return {
        "kind": facts.kind,
        "path": facts.path,
        "architecture": facts.architecture,
        "version": facts.version,
        "build": facts.build,
        "nt_base": hexadecimal(facts.nt_base),
    }


def target_document(listing: Listing) -> TargetDocument:
    """Of one whose callbacks were read."""
    callbacks = listing.callbacks
    return {
        **facts_document(listing.target),
        "list_head": hexadecimal(callbacks.head),
        "list_head_found_by": callbacks.head_found_by,
        "callback_count": callbacks.callback_count,
        "last_cookie": hexadecimal(callbacks.last_cookie),
        "boot_time": time_text(listing.boot_time),
        "layout": {"known": callbacks.layout.known, "source": callbacks.layout.source},
    }
