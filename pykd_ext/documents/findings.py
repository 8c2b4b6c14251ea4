"""``regcb.findings/1``: the list's document, with what is wrong in it."""

from typing import Any, Optional, TypedDict

from ..kernel.listing import problems_of_callbacks
from ..triage.check import Triage
from ..triage.finding import Finding, Remark
from .callbacks import CallbacksDocument, ProblemDocument, callbacks_document, problem_document

__all__ = [
    "FindingDocument", "FindingsDocument", "RemarkDocument", "finding_document",
    "findings_document", "remark_document",
]  # fmt: skip


class FindingDocument(TypedDict):
    """What is held against the callback with this index, or against the list (None)."""

    id: str
    severity: str
    callback: Optional[int]
    summary: str
    evidence: dict[str, Any]
    doubt: Optional[str]
    next: str


class RemarkDocument(TypedDict):
    """What every Windows has: no finding."""

    id: str
    callback: Optional[int]
    summary: str
    evidence: dict[str, Any]
    why: str


class FindingsDocument(CallbacksDocument):
    """A baseline as well: it has all that ``list --json`` has."""

    findings: list[FindingDocument]
    remarks: list[RemarkDocument]


def findings_document(triage: Triage) -> FindingsDocument:
    """What ``check --json`` prints."""
    listed = callbacks_document(triage.listing)
    of_callbacks = map(problem_document, problems_of_callbacks(triage.listing))
    of_files: list[ProblemDocument] = [{"where": "files", "what": what} for what in triage.problems]
    return {
        **listed,
        "schema": "regcb.findings/1",
        "problems": [*listed["problems"], *of_callbacks, *of_files],
        "findings": [finding_document(each) for each in triage.findings],
        "remarks": [remark_document(each) for each in triage.remarks],
    }


def finding_document(finding: Finding) -> FindingDocument:
    """One finding."""
    return {
        "id": finding.id,
        "severity": finding.severity,
        "callback": finding.callback,
        "summary": finding.summary,
        "evidence": finding.evidence,
        "doubt": finding.doubt,
        "next": finding.next,
    }


def remark_document(remark: Remark) -> RemarkDocument:
    """One remark."""
    return {
        "id": remark.id,
        "callback": remark.callback,
        "summary": remark.summary,
        "evidence": remark.evidence,
        "why": remark.why,
    }
