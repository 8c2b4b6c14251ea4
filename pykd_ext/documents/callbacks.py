"""``regcb.callbacks/1``: everything that ``list`` knows."""

from __future__ import annotations

from typing import Any

from ..kernel.listing import Listing
from ..kernel.registry_callback import Problem
from .callback_fields import callback_document
from .target import target_document

__all__ = ["callbacks_document", "problem_document"]

CALLBACKS_SCHEMA = "regcb.callbacks/1"


def callbacks_document(listing: Listing) -> dict[str, Any]:
    """The target, its callbacks in calling order, and what could not be read."""
    return {
        "schema": CALLBACKS_SCHEMA,
        "target": target_document(listing),
        "callbacks": [callback_document(entry) for entry in listing.entries],
        "problems": [problem_document(each) for each in listing.problems],
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """What could not be read or trusted, and where."""
    return {"where": problem.where, "what": problem.what}
