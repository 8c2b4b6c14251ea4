"""``regcb.scan/1``: one dump of many."""

from typing import Literal, Optional, TypedDict

from .. import __version__
from ..triage.check import Triage
from .callback_fields import CallbackDocument
from .callbacks import ProblemDocument
from .findings import FindingDocument, RemarkDocument, findings_document
from .target import TargetDocument
from .text import time_text

__all__ = ["Fault", "ScanDocument", "failed_scan_document", "scan_document"]

# Whose fault it is that a dump was not looked at: its own (what is in the file, or that it cannot
# be opened), a limit's, of its process (which died), of the cluster, of regcb.
Fault = Literal["dump", "time", "memory", "process", "cluster", "regcb"]


class ScanDocument(TypedDict):
    """``state`` is ``clean`` (nothing above info), ``findings`` or ``failed``, for the reason that
    ``error`` says, by the ``fault`` of whom. ``callbacks`` is their number, and ``callback_list``
    what they are; ``version`` is regcb's own, ``seconds`` how long it took. ``size`` (bytes) and
    ``sha256`` are the file's and ``host`` the machine's name, where they were asked for."""

    schema: str
    version: str
    path: str
    host: Optional[str]
    size: Optional[int]
    sha256: Optional[str]
    state: str
    error: Optional[str]
    fault: Optional[Fault]
    target: Optional[TargetDocument]
    callbacks: Optional[int]
    callback_list: list[CallbackDocument]
    findings: list[FindingDocument]
    remarks: list[RemarkDocument]
    problems: list[ProblemDocument]
    started: str
    seconds: float


def scan_document(path: str, triage: Triage, started: float, seconds: float) -> ScanDocument:
    """What ``check --json`` says of the dump, as a line of ``scan``. ``started``: since 1970."""
    found = findings_document(triage)
    return {
        **failed_scan_document(path, None, None, started, seconds),
        "state": "clean" if triage.is_clean else "findings",
        "target": found["target"],
        "callbacks": len(found["callbacks"]),
        "callback_list": found["callbacks"],
        "findings": found["findings"],
        "remarks": found["remarks"],
        "problems": found["problems"],
    }


def failed_scan_document(
    path: str,
    fault: Optional[Fault],
    reason: Optional[str],
    started: float,
    seconds: float = 0,
) -> ScanDocument:
    """The same about a dump that could not be looked at."""
    return {
        "schema": "regcb.scan/1",
        "version": __version__,
        "path": path,
        "host": None,
        "size": None,
        "sha256": None,
        "state": "failed",
        "error": reason,
        "fault": fault,
        "target": None,
        "callbacks": None,
        "callback_list": [],
        "findings": [],
        "remarks": [],
        "problems": [],
        "started": time_text(int(started)) or "",
        "seconds": round(seconds, 3),
    }
