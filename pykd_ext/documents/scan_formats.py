"""The results of a scan as lines: JSON, events for those who collect them, CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from ..triage.finding import SEVERITIES
from .callbacks import problem_text
from .csv_table import csv_header, csv_row
from .ecs import ecs_events
from .field import Field
from .field_types import COUNT, NOTES, TEXT
from .findings import FindingDocument
from .json_text import json_line
from .ocsf import ocsf_events
from .scan import ScanDocument
from .scan_format_names import ScanFormat
from .timesketch import timesketch_events

__all__ = ["FORMATS", "header"]

Format = Callable[[ScanDocument], list[str]]


def _lines(events: Callable[[ScanDocument], Iterator[dict[str, Any]]]) -> Format:
    return lambda result: [json_line(each) for each in events(result)]


def _above_info(result: ScanDocument) -> list[FindingDocument]:
    return [each for each in result["findings"] if each["severity"] != "info"]


def _of_target(name: str) -> Field:
    return Field(name, TEXT, lambda result: (result["target"] or {}).get(name))


def _count(severity: str) -> Field:
    def count(result: ScanDocument) -> int | None:
        if result["state"] == "failed":
            return None
        return sum(each["severity"] == severity for each in result["findings"])

    return Field(severity, COUNT, count)


def _ids(result: ScanDocument) -> str:
    return " ".join(sorted({each["id"] for each in _above_info(result)}))


_COLUMNS = (
    *(Field(name, TEXT, itemgetter(name)) for name in ("path", "state", "error")),
    *map(_of_target, ("version", "architecture", "boot_time")),
    Field("callbacks", COUNT, itemgetter("callbacks")),
    *map(_count, SEVERITIES),
    Field("findings", TEXT, _ids),
    Field("seconds", COUNT, itemgetter("seconds")),
    Field("host", TEXT, itemgetter("host")),
    Field("problems", NOTES, lambda result: list(map(problem_text, result["problems"]))),
)


def header() -> str:
    """The line of CSV that stands before the first result."""
    return csv_header(_COLUMNS)


# The lines of one dump: of CSV a row, of events one or more.
FORMATS: dict[ScanFormat, Format] = {
    "jsonl": lambda result: [json_line(result)],
    "ecs": _lines(ecs_events),
    "ocsf": _lines(ocsf_events),
    "timesketch": _lines(timesketch_events),
    "csv": lambda result: [csv_row(_COLUMNS, result)],
}
