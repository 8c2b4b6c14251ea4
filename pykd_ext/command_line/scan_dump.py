"""One dump, looked at from a list of many: what a process of ``scan`` does.

A pure function of its arguments, which are text, so that any scheduler can run it anywhere.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from .. import findings, open_target
from ..documents.scan import Fault, ScanDocument, failed_scan_document, scan_document
from ..documents.scan_format_names import EVENTS
from ..documents.scan_formats import FORMATS
from ..kernel.layout_file import use_layout_file
from ..target.errors import RegcbError
from ..target.locations import shown
from .file_identity import file_identity
from .scan_request import ScanOptions, ScanResult, host_of

if TYPE_CHECKING:
    from .. import Triage

__all__ = ["failed_dump", "scan_dump", "scan_result"]


def scan_dump(path: str, options: ScanOptions) -> ScanDocument:
    """``regcb.scan/1`` about the dump at ``path`` or URL. Never raises: what went wrong is its
    ``error``, and whose it was its ``fault``; such a dump is not hashed, and none far away."""
    document = _with_host(_scan(path, options), options)
    if options.form in EVENTS and document["fault"] is None:
        document["sha256"], document["size"] = file_identity(path) or (None, None)
    return document


def failed_dump(
    path: str, fault: Fault, reason: str, options: ScanOptions, seconds: float = 0
) -> ScanDocument:
    """The same about a dump that could not be looked at, ``seconds`` after it was begun."""
    began = time.time() - seconds
    return _with_host(failed_scan_document(shown(path), fault, reason, began, seconds), options)


def scan_result(document: ScanDocument, options: ScanOptions) -> ScanResult:
    """What :func:`scan_dump` says, as lines."""
    text = "\n".join(FORMATS[options.form](document))
    return ScanResult(document["state"], document["fault"], text)


def _with_host(document: ScanDocument, options: ScanOptions) -> ScanDocument:
    if options.host:
        document["host"] = host_of(document["path"], options.host)
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


def _look_at(path: str, options: ScanOptions) -> Triage:
    with open_target(path, options.symbol_path, engine="none") as target:
        if options.layout:
            use_layout_file(target, Path(options.layout))
        return findings(target, carve=options.carve)
