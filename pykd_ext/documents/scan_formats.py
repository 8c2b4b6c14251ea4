"""The results of a scan: JSON lines, Elastic Common Schema documents, CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from ..triage.finding import SEVERITIES
from .csv_table import csv_header, csv_row
from .field import Field
from .field_types import COUNT, TEXT
from .findings import FindingDocument
from .json_text import json_line
from .scan import ScanDocument

__all__ = ["FORMATS", "header"]

_ECS_VERSION = "8.11.0"
# A number that sorts, for event.severity, whose scale is the source's own.
_ECS_SEVERITY = {"high": 73, "medium": 47, "low": 21, "info": 1}


def ecs_line(result: ScanDocument) -> str:
    """An ECS event with the whole result under ``regcb``."""
    findings = result["findings"]
    target: Mapping[str, Any] = result["target"] or {}
    gravest = _gravest(findings)
    failed = result["state"] == "failed"
    document = {
        "@timestamp": result["started"],
        "message": _message(result),
        "ecs": {"version": _ECS_VERSION},
        "event": {
            "kind": "alert" if result["state"] == "findings" else "event",
            "category": ["driver"],
            "type": ["error"] if failed else ["info"],
            "module": "regcb",
            "dataset": "regcb.scan",
            "outcome": "failure" if failed else "success",
            "severity": _ECS_SEVERITY[gravest] if gravest else 0,
            "duration": int(result["seconds"] * 1_000_000_000),
        },
        "file": {"path": result["path"]},
        "host": {
            "architecture": target.get("architecture"),
            "os": {"type": "windows", "kernel": target.get("version")},
        },
        "error": {"message": result["error"]} if failed else None,
        "rule": {"name": sorted({each["id"] for each in findings})},
        "regcb": result,
    }
    return json_line({name: value for name, value in document.items() if value is not None})


def _message(result: ScanDocument) -> str:
    if result["state"] == "failed":
        return f"{result['path']}: {result['error']}"
    shown = [f"{each['severity']}: {each['summary']}" for each in _above_info(result)]
    return f"{result['path']}: {'; '.join(shown) or 'nothing above info'}"


def _above_info(result: ScanDocument) -> list[FindingDocument]:
    return [each for each in result["findings"] if each["severity"] != "info"]


def _gravest(findings: Sequence[FindingDocument]) -> str | None:
    found = {each["severity"] for each in findings}
    return next((severity for severity in SEVERITIES if severity in found), None)


def _of_target(name: str) -> Field:
    return Field(name, TEXT, lambda result: (result["target"] or {}).get(name))


def _count(severity: str) -> Field:
    def count(result: ScanDocument) -> int:
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
)


def csv_line(result: ScanDocument) -> str:
    """A row for a spreadsheet."""
    return csv_row(_COLUMNS, result)


def header(form: str) -> str | None:
    """The line that stands before the first result, None for forms without one."""
    return csv_header(_COLUMNS) if form == "csv" else None


FORMATS: dict[str, Callable[[ScanDocument], str]] = {
    "jsonl": json_line,
    "ecs": ecs_line,
    "csv": csv_line,
}
