"""One dump, looked at from a list of many: what a worker of ``scan`` does.

A pure function of its arguments, which are text, so that any scheduler can run it anywhere.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from .. import findings, open_target
from ..documents.scan import ScanDocument, failed_scan_document, scan_document
from ..kernel.layout_file import use_layout_file
from ..target.errors import RegcbError

if TYPE_CHECKING:
    from .. import Triage

__all__ = ["failed", "scan_dump"]


def scan_dump(
    path: str, symbol_path: str = "", carve: bool = True, layout: str | None = None
) -> ScanDocument:
    """``regcb.scan/1`` about the dump at ``path``. Never raises: what went wrong is its ``error``.
    ``layout``: a file of ``regcb verify --json``."""
    start = time.time()
    try:
        triage = _look_at(path, symbol_path, carve, layout)
        return scan_document(path, triage, start, time.time() - start)
    except RegcbError as error:
        reason = str(error)
    except Exception as error:  # one dump must not stop a thousand others
        reason = f"internal error, please report it: {type(error).__name__}: {error}"
    return failed_scan_document(path, reason, start, time.time() - start)


def failed(path: str, reason: str) -> ScanDocument:
    """The same about a dump that was not looked at."""
    return failed_scan_document(path, reason, time.time())


def _look_at(path: str, symbol_path: str, carve: bool, layout: str | None) -> Triage:
    with open_target(path, symbol_path, engine="none") as target:
        if layout:
            use_layout_file(target, Path(layout))
        return findings(target, carve=carve)
