"""Events of a scan as Timesketch takes them, JSON lines: flat, with a message, a time, and what the
time is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .scan import ScanDocument
from .scan_events import ScanEvent, event_document, scan_events

__all__ = ["timesketch_events"]

_OF_CALLBACK = (
    "altitude",
    "function",
    "function_symbol",
    "owner",
    "owner_path",
    "cookie",
    "address",
)


def timesketch_events(result: ScanDocument) -> Iterator[dict[str, Any]]:
    """The events of one dump."""
    return map(_document, scan_events(result))


def _document(event: ScanEvent) -> dict[str, Any]:
    result, finding, technique = event.result, event.finding, event.technique
    callback: dict[str, Any] = {**(event.callback or {})}
    return event_document(
        {
            "message": event.message,
            "datetime": result["started"].replace("Z", "+00:00"),
            "timestamp_desc": "Memory dump analysed",
            "data_type": "windows:registry:callback",
            "event_id": event.id,
            "hostname": result["host"],
            "sha256": result["sha256"],
            "finding": finding and finding["id"],
            "severity": finding and finding["severity"],
            "technique": technique and (technique.part or technique.id),
            "fault": result["fault"],
            **{name: callback.get(name) for name in _OF_CALLBACK},
            **event.record,
        }
    )
