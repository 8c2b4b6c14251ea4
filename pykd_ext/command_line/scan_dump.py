"""One dump, looked at from a list of many: what a process of ``scan`` does.

A pure function of its arguments, which are text, so that any scheduler can run it anywhere.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import findings, open_target
from ..documents.scan import Fault, ScanDocument, failed_scan_document, scan_document
from ..kernel.layout_file import use_layout_file
from ..target.errors import RegcbError
from ..target.locations import shown
from .file_identity import file_identity

if TYPE_CHECKING:
    from .. import Triage

__all__ = ["ScanOptions", "failed", "scan_dump"]


class ScanOptions(NamedTuple):
    """How every dump of a scan is looked at. ``layout``: a file of ``regcb verify --json``;
    ``hashed``: whether its hash is wanted, for which all of it is read."""

    symbol_path: str = ""
    carve: bool = True
    layout: str | None = None
    hashed: bool = False


def scan_dump(path: str, options: ScanOptions) -> ScanDocument:
    """``regcb.scan/1`` about the dump at ``path`` or URL. Never raises: what went wrong is its
    ``error``, and whose it was its ``fault``; such a dump is not hashed, and none far away."""
    document = _scan(path, options)
    if options.hashed and document["fault"] is None:
        document["sha256"], document["size"] = file_identity(path) or (None, None)
    return document


def _scan(path: str, options: ScanOptions) -> ScanDocument:
    start = time.time()
    fault: Fault = "dump"
    try:
        triage = _look_at(path, options)
        return scan_document(shown(path), triage, start, time.time() - start)
    except RegcbError as error:
        reason = str(error)
    except MemoryError:
        fault, reason = "memory", "needs more memory than --memory allows"
    except Exception as error:  # one dump must not stop a thousand others
        fault = "regcb"
        reason = f"internal error, please report it: {type(error).__name__}: {error}"
    return failed_scan_document(shown(path), fault, reason, start, time.time() - start)


def failed(path: str, fault: Fault, reason: str, seconds: float = 0) -> ScanDocument:
    """The same about a dump that could not be looked at, ``seconds`` after it was begun."""
    return failed_scan_document(shown(path), fault, reason, time.time() - seconds, seconds)


def _look_at(path: str, options: ScanOptions) -> Triage:
    with open_target(path, options.symbol_path, engine="none") as target:
        if options.layout:
            use_layout_file(target, Path(options.layout))
        return findings(target, carve=options.carve)
