"""One dump, looked at from a list of many: what a worker of ``scan`` does.

A pure function of its arguments, which are text, so that any scheduler can run it anywhere.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__, findings, open_target
from ..documents.target import target_document
from ..kernel.layout_file import use_layout_file
from ..present.findings import finding_document, remark_document
from ..target.errors import RegcbError

if TYPE_CHECKING:
    from .. import Triage

__all__ = ["SCAN_SCHEMA", "failed", "scan_dump"]

SCAN_SCHEMA = "regcb.scan/1"


def scan_dump(
    path: str, symbol_path: str = "", carve: bool = True, layout: str | None = None
) -> dict[str, Any]:
    """``regcb.scan/1`` about the dump at ``path``. Never raises: what went wrong is its ``error``.
    ``layout``: a file of ``regcb verify --json``.

    ``state`` is ``clean`` (nothing above info), ``findings`` or ``failed``.
    """
    start = time.time()
    result = failed(path, None)
    try:
        result.update(_looked_at(path, symbol_path, carve, layout))
    except RegcbError as error:
        result["error"] = str(error)
    except Exception as error:  # one dump must not stop a thousand others
        result["error"] = f"internal error, please report it: {type(error).__name__}: {error}"
    return {**result, "seconds": round(time.time() - start, 3)}


def failed(path: str, reason: str | None) -> dict[str, Any]:
    """The same about a dump that was not looked at."""
    return {
        "schema": SCAN_SCHEMA,
        "version": __version__,
        "path": path,
        "state": "failed",
        "error": reason,
        "target": None,
        "callbacks": None,
        "findings": [],
        "remarks": [],
        "problems": [],
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": 0.0,
    }


def _looked_at(path: str, symbol_path: str, carve: bool, layout: str | None) -> dict[str, Any]:
    with open_target(path, symbol_path, engine="none") as target:
        if layout:
            use_layout_file(target, Path(layout))
        triage = findings(target, carve=carve)
        return {
            "state": "clean" if triage.is_clean else "findings",
            "target": target_document(triage.listing),
            "callbacks": len(triage.listing.entries),
            "findings": [finding_document(each) for each in triage.findings],
            "remarks": [remark_document(each) for each in triage.remarks],
            "problems": _problems(triage),
        }


def _problems(triage: Triage) -> list[dict[str, str]]:
    listed = [{"where": each.where, "what": each.what} for each in triage.listing.problems]
    return listed + [{"where": "search", "what": each} for each in triage.problems]
