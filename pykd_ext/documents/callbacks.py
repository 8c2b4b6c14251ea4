"""``regcb.callbacks/1``: everything that ``list`` knows."""

from typing import TypedDict

from ..kernel.callback_block import Problem
from ..kernel.listing import Listing
from .callback_fields import CallbackDocument, callback_document
from .target import TargetDocument, target_document

__all__ = [
    "CallbacksDocument",
    "ProblemDocument",
    "callbacks_document",
    "problem_document",
    "problem_text",
]


class ProblemDocument(TypedDict):
    """What could not be read or trusted, and where."""

    where: str
    what: str


class CallbacksDocument(TypedDict):
    """The target, its callbacks in calling order, and what could not be read."""

    schema: str
    target: TargetDocument
    callbacks: list[CallbackDocument]
    problems: list[ProblemDocument]


def callbacks_document(listing: Listing) -> CallbacksDocument:
    """What ``list --json`` prints."""
    return {
        "schema": "regcb.callbacks/1",
        "target": target_document(listing),
        "callbacks": [callback_document(entry) for entry in listing.entries],
        "problems": [problem_document(each) for each in listing.problems],
    }


def problem_document(problem: Problem) -> ProblemDocument:
    """One problem."""
    return {"where": problem.where, "what": problem.what}


def problem_text(problem: ProblemDocument) -> str:
    """The same in one text, as the target has it."""
    return f"{problem['where']}: {problem['what']}"
