"""A scan as events: one for each finding, for a dump without any one that says so, and one for a
dump that could not be looked at. What an event is called in whose schema: ecs.py,
ocsf.py, timesketch.py.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..target.locations import file_name
from .attack_techniques import Technique, technique_of
from .callback_fields import CallbackDocument
from .callbacks import problem_text
from .findings import FindingDocument
from .scan import ScanDocument
from .text import counted, printable

__all__ = ["ScanEvent", "event_document", "scan_events"]


class ScanEvent(NamedTuple):
    """``finding`` is None where there is none to tell of, ``callback`` what it is about (None: the
    list). ``number`` counts the dump's events from 1 up to ``total``.

    ``id`` is the same whenever the same dump is looked at: it is made of the dump's hash, what was
    found, and where; of one that could not be looked at, of its path.
    """

    id: str
    result: ScanDocument
    finding: FindingDocument | None
    callback: CallbackDocument | None
    number: int
    total: int

    @property
    def message(self) -> str:
        if self.finding:
            return f"{self.finding['severity']}: {self.finding['summary']}"
        if self.is_failure:
            return self.result["error"] or ""
        problems = len(self.result["problems"])
        return f"no finding, {counted(problems, 'problem')}" if problems else "no finding"

    @property
    def is_failure(self) -> bool:
        return self.result["state"] == "failed"

    @property
    def is_alert(self) -> bool:
        """Whether somebody should look at it: an ``info`` is for who looks already."""
        return self.finding is not None and self.finding["severity"] != "info"

    @property
    def technique(self) -> Technique | None:
        return technique_of(self.finding, self.callback) if self.finding else None

    @property
    def record(self) -> dict[str, Any]:
        """What no schema has a field for, by which a scan also knows which dumps are done."""
        return {
            "path": self.result["path"],
            "state": self.result["state"],
            "event_number": self.number,
            "event_count": self.total,
            "problems": list(map(problem_text, self.result["problems"])),
        }

    @property
    def file_name(self) -> str:
        """Of the dump."""
        return file_name(self.result["path"])


def scan_events(result: ScanDocument) -> Iterator[ScanEvent]:
    """One or more, the gravest first."""
    if not result["findings"]:
        yield ScanEvent(_id(result, result["state"]), result, None, None, 1, 1)
    callbacks = {each["index"]: each for each in result["callback_list"]}
    alike = Counter[tuple[str, str]]()
    for number, finding in enumerate(result["findings"], 1):
        index = finding["callback"]
        callback = None if index is None else callbacks.get(index)
        # What is said of a finding changes with the symbols; where to look for it does not.
        what = finding["id"], callback["address"] if callback else finding["next"]
        alike[what] += 1
        id_ = _id(result, *what, str(alike[what]))
        yield ScanEvent(id_, result, finding, callback, number, len(result["findings"]))


def _id(result: ScanDocument, *what: str) -> str:
    dump = result["sha256"] or result["path"]
    return hashlib.sha256(json.dumps([dump, *what]).encode()).hexdigest()


def event_document(fields: dict[str, Any]) -> dict[str, Any]:
    """``fields`` as events have them: none that is not known (null, or an object that has nothing
    else), and in every text what is not printable escaped, since nobody knows who shows it."""
    document: dict[str, Any] = _known(fields)
    return document


def _known(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_known(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = ((name, _known(each)) for name, each in value.items())
    return {name: each for name, each in kept if each is not None and each != {}}
