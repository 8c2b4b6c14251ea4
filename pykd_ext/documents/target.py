"""What was looked at, a part of almost every document."""

from __future__ import annotations

from typing import Any

from ..kernel.listing import Listing, TargetFacts
from .text import hexadecimal, time_text

__all__ = ["facts_document", "target_document"]


def facts_document(facts: TargetFacts) -> dict[str, Any]:
    """The machine and its kernel."""
    return {
        "kind": facts.kind,
        "path": facts.path,
        "architecture": facts.architecture,
        "version": facts.version,
        "build": facts.build,
        "nt_base": hexadecimal(facts.nt_base),
    }


def target_document(listing: Listing) -> dict[str, Any]:
    """The same, with the kernel's globals about its callbacks."""
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
