"""Events of a scan in the Open Cybersecurity Schema Framework, version 1.3.

A finding is a Detection Finding; a dump without any, or that could not be looked at, is a Scan
Activity. What they have no attribute for is in ``unmapped``.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterator
from time import strptime
from typing import Any

from .. import __version__
from .attack_techniques import ATTACK_VERSION, DEFENSE_EVASION, Technique
from .findings import FindingDocument
from .scan import ScanDocument
from .scan_events import ScanEvent, event_document, scan_events

__all__ = ["ocsf_events"]

_VERSION = "1.3.0"

# The numbers of the schema's enums.
_FINDINGS, _DETECTION_FINDING, _ACTIVITY_CREATE, _NEW = 2, 2004, 1, 1
_APPLICATION_ACTIVITY, _SCAN_ACTIVITY = 6, 6007
_COMPLETED, _DURATION_VIOLATION, _ERROR = 2, 4, 6
_SUCCESS, _FAILURE = 1, 2
_SEVERITIES = {"info": 1, "low": 2, "medium": 3, "high": 4}
_RULE, _REGULAR_FILE, _SHA_256, _UNKNOWN, _WINDOWS, _MANUAL = 1, 1, 3, 0, 100, 1


def ocsf_events(result: ScanDocument) -> Iterator[dict[str, Any]]:
    """The events of one dump."""
    for event in scan_events(result):
        of_class = _detection(event, event.finding) if event.finding else _activity(event)
        yield event_document({**_of_all(event), **of_class})


def _of_all(event: ScanEvent) -> dict[str, Any]:
    result = event.result
    return {
        "time": _milliseconds(result["started"]),
        "message": event.message,
        "duration": int(result["seconds"] * 1000),
        "device": _device(result),
        "metadata": {
            "version": _VERSION,
            "uid": event.id,
            "profiles": ["host"] if result["host"] else None,
            "product": {"name": "regcb", "vendor_name": "regcb", "version": __version__},
        },
        "unmapped": {"regcb": event.record},
    }


def _class(category: int, class_: int, activity: int) -> dict[str, int]:
    return {
        "category_uid": category,
        "class_uid": class_,
        "activity_id": activity,
        "type_uid": class_ * 100 + activity,
    }


def _detection(event: ScanEvent, finding: FindingDocument) -> dict[str, Any]:
    return {
        **_class(_FINDINGS, _DETECTION_FINDING, _ACTIVITY_CREATE),
        "severity_id": _SEVERITIES[finding["severity"]],
        "status_id": _NEW,
        "finding_info": {
            "uid": event.id,
            "title": finding["id"],
            "desc": finding["summary"],
            "created_time": _milliseconds(event.result["started"]),
            "analytic": {"name": finding["id"], "type_id": _RULE, "version": __version__},
            "attacks": [_attack(event.technique)] if event.technique else None,
        },
        "evidences": [
            {"file": _file(event), "data": {"finding": finding, "callback": event.callback}}
        ],
    }


def _attack(technique: Technique) -> dict[str, Any]:
    uid, name = DEFENSE_EVASION
    part = {"uid": technique.part, "name": technique.part_name}
    return {
        "version": ATTACK_VERSION,
        "tactic": {"uid": uid, "name": name},
        "technique": {"uid": technique.id, "name": technique.name},
        "sub_technique": part if technique.part else None,
    }


def _file(event: ScanEvent) -> dict[str, Any]:
    result = event.result
    sha256 = {"algorithm_id": _SHA_256, "value": result["sha256"]}
    return {
        "name": event.file_name,
        "path": result["path"],
        "type_id": _REGULAR_FILE,
        "size": result["size"],
        "hashes": [sha256] if result["sha256"] else None,
    }


def _activity(event: ScanEvent) -> dict[str, Any]:
    result = event.result
    activity = _COMPLETED
    if event.is_failure:
        activity = _DURATION_VIOLATION if result["fault"] == "time" else _ERROR
    return {
        **_class(_APPLICATION_ACTIVITY, _SCAN_ACTIVITY, activity),
        "severity_id": _SEVERITIES["info"],
        "status_id": _FAILURE if event.is_failure else _SUCCESS,
        "status_code": result["fault"],
        "status_detail": result["error"],
        "message": f"{result['path']}: {event.message}",
        "scan": {"name": "regcb scan", "type_id": _MANUAL},
        "num_files": 0 if event.is_failure else 1,
        "num_detections": 0,
    }


def _device(result: ScanDocument) -> dict[str, Any] | None:
    """None where nobody has named it: the schema has none without a name or an address."""
    if not result["host"]:
        return None
    target = result["target"]
    windows = {"name": "Windows", "type_id": _WINDOWS, "version": target and target["version"]}
    return {"hostname": result["host"], "type_id": _UNKNOWN, "os": windows}


def _milliseconds(moment: str) -> int:
    """Since 1970, of a time as :func:`time_text` writes it."""
    return timegm(strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) * 1000
