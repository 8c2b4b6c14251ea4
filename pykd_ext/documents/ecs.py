"""Events of a scan in the Elastic Common Schema, version 8.11; what it has no field for is below
``regcb``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import __version__
from .attack_techniques import DEFENSE_EVASION
from .scan import ScanDocument
from .scan_events import ScanEvent, event_document, scan_events

__all__ = ["ecs_events"]

_VERSION = "8.11.0"
# A number that sorts: the scale of event.severity is the source's own. These are Elastic's.
_SEVERITIES = {"high": 73, "medium": 47, "low": 21, "info": 1}


def ecs_events(result: ScanDocument) -> Iterator[dict[str, Any]]:
    """The events of one dump."""
    return map(_document, scan_events(result))


def _document(event: ScanEvent) -> dict[str, Any]:
    result, finding = event.result, event.finding
    return event_document(
        {
            "@timestamp": result["started"],
            "message": event.message,
            "ecs": {"version": _VERSION},
            "event": {
                "id": event.id,
                "kind": "alert" if event.is_alert else "event",
                "category": ["driver"],
                "type": ["info"],
                "module": "regcb",
                "dataset": "regcb.scan",
                "outcome": "failure" if event.is_failure else "success",
                "severity": _SEVERITIES[finding["severity"]] if finding else None,
                "duration": int(result["seconds"] * 1_000_000_000),
            },
            "file": {
                "path": result["path"],
                "name": event.file_name,
                "size": result["size"],
                "hash": {"sha256": result["sha256"]},
            },
            "host": {"name": result["host"], **_machine(result)},
            "error": {"message": result["error"], "type": result["fault"]},
            "rule": {"id": finding["id"], "name": finding["id"]} if finding else None,
            "threat": _threat(event),
            "observer": {"product": "regcb", "version": __version__},
            "regcb": {**event.record, "finding": finding, "callback": event.callback},
        }
    )


def _machine(result: ScanDocument) -> dict[str, Any]:
    target = result["target"]
    if target is None:
        return {}
    kernel = target["version"]
    return {"architecture": target["architecture"], "os": {"type": "windows", "kernel": kernel}}


def _threat(event: ScanEvent) -> dict[str, Any]:
    technique = event.technique
    if technique is None:
        return {}
    tactic_id, tactic = DEFENSE_EVASION
    part = {"id": [technique.part], "name": [technique.part_name]} if technique.part else None
    return {
        "framework": "MITRE ATT&CK",
        "tactic": {"id": [tactic_id], "name": [tactic]},
        "technique": {"id": [technique.id], "name": [technique.name], "subtechnique": part},
    }
