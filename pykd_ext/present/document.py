"""The JSON documents, as dictionaries; their schemas lie in ``schemas/`` and are versioned.

Addresses, cookies and contexts are strings of lower-case hex, what could not be read is null and
says why in ``problems``.
"""

from __future__ import annotations

from typing import Any

from ..kernel.listing import Entry, Listing, TargetFacts
from .text import time_text

__all__ = [
    "callbacks_document",
    "entry_document",
    "facts_document",
    "hexadecimal",
    "target_document",
]

CALLBACKS_SCHEMA = "regcb.callbacks/1"


def callbacks_document(listing: Listing) -> dict[str, Any]:
    """``regcb.callbacks/1``: everything ``list`` knows."""
    return {
        "schema": CALLBACKS_SCHEMA,
        "target": target_document(listing),
        "callbacks": [entry_document(entry) for entry in listing.entries],
        "problems": [{"where": each.where, "what": each.what} for each in listing.problems],
    }


def target_document(listing: Listing) -> dict[str, Any]:
    """What was looked at, and the kernel's globals about its callbacks."""
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


def facts_document(facts: TargetFacts) -> dict[str, Any]:
    """What was looked at."""
    return {
        "kind": facts.kind,
        "path": facts.path,
        "architecture": facts.architecture,
        "version": facts.version,
        "build": facts.build,
        "nt_base": hexadecimal(facts.nt_base),
    }


def entry_document(entry: Entry) -> dict[str, Any]:
    """One callback."""
    callback, owner = entry.callback, entry.owner
    return {
        "index": entry.number,
        "address": hexadecimal(callback.address),
        "altitude": callback.altitude,
        "function": hexadecimal(callback.function),
        "function_symbol": entry.function_symbol,
        "owner": owner.name,
        "owner_path": owner.path,
        "owner_base": hexadecimal(owner.base),
        "owner_state": owner.state,
        "context": hexadecimal(callback.context),
        "cookie": hexadecimal(callback.cookie),
        "registration": entry.registration,
        "active_uses": callback.active_uses,
        "unregistering": callback.unregistering,
        "internal": callback.internal,
        "object_contexts": callback.object_contexts,
        "found_by": callback.found_by,
        "problems": list(callback.problems),
    }


def hexadecimal(value: int | None) -> str | None:
    """``0xfffff80412a03458``; None stays None."""
    return None if value is None else f"{value:#x}"
