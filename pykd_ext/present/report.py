"""One page to attach to a case: the stack of callbacks, what is wrong with it, and how one knows.

The page stands alone: its style and its script are in it, named by their hashes in a policy that
forbids everything else, so that no string of the target can run even if it got past the escaping.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..documents.callback_fields import CALLBACK_FIELDS
from ..documents.details import details_document
from ..documents.findings import findings_document
from ..documents.text import printable
from ..kernel.details import Details
from ..packaged import packaged_text
from ..triage.check import Triage
from ..triage.finding import SEVERITIES

__all__ = ["ReportOrigin", "report_html"]


class ReportOrigin(NamedTuple):
    """What a reader of the page must know to trust it. ``made`` is ISO 8601 UTC; ``sha256`` and
    ``size`` (bytes) are of the dump's file, None of a live target."""

    version: str
    made: str
    symbol_path: str
    sha256: str | None
    size: int | None


def report_html(triage: Triage, details: Sequence[Details], how: ReportOrigin) -> str:
    """The page. ``details`` are of the callbacks whose findings get their disassembly."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - 60 ms
    from markupsafe import Markup  # noqa: PLC0415

    document = _harmless(findings_document(triage))
    code = {
        each["index"]: each["instructions"]
        for each in _harmless(details_document(triage.listing, list(details)))["callbacks"]
    }
    findings = [
        {
            **each,
            "number": number,
            "instructions": code.get(each["callback"]),
        }
        for number, each in enumerate(document["findings"])
    ]
    style, script = (_part(name) for name in ("report.css", "report.js"))
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["one_line"] = _one_line
    return environment.from_string(_part("report.html")).render(
        has_list=document["target"]["list_head"] is not None,
        title=document["target"]["path"] or "a live kernel",
        counts=[(each, _count(findings, each)) for each in SEVERITIES],
        facts=_facts(document, how),
        callbacks=[_with_findings(each, findings) for each in document["callbacks"]],
        columns=[each.name for each in CALLBACK_FIELDS],
        findings=findings,
        remarks=document["remarks"],
        problems=document["problems"],
        version=how.version,
        made=how.made,
        # Ours, and not the target's: the two that are not escaped.
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _harmless(value: Any) -> Any:
    """The same with every string made printable: what turns text around or hides it shows."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: _harmless(each) for name, each in value.items()}
    return [_harmless(each) for each in value] if isinstance(value, list) else value


def _one_line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_one_line(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_one_line, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _part(name: str) -> str:
    return packaged_text(__name__, f"html/{name}")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _count(findings: Sequence[dict[str, Any]], severity: str) -> int:
    return sum(each["severity"] == severity for each in findings)


def _with_findings(callback: dict[str, Any], findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [each for each in findings if each["callback"] == callback["index"]]
    found = {each["severity"] for each in own}
    gravest = next((severity for severity in SEVERITIES if severity in found), None)
    return {**callback, "findings": own, "gravest": gravest}


def _facts(document: dict[str, Any], how: ReportOrigin) -> list[tuple[str, str]]:
    target = document["target"]
    layout, count = target["layout"], target["callback_count"]
    symbols = {each["owner"]: each["function_symbol"] or "" for each in document["callbacks"]}
    named = sorted(owner for owner, symbol in symbols.items() if owner and "!" in symbol)
    return [
        ("target", f"{target['kind']} {target['path'] or ''}".strip()),
        ("file", f"{how.size:,} bytes, SHA-256 {how.sha256}" if how.sha256 else "none: it runs"),
        ("Windows", f"{target['version']} {target['architecture']}, nt at {target['nt_base']}"),
        ("booted", _known(target["boot_time"])),
        ("list", _list(target)),
        ("block layout", f"{layout['known']} ({layout['source']})"),
        ("callbacks", f"{len(document['callbacks'])}, CmpCallBackCount {_known(count)}"),
        ("last cookie", _known(target["last_cookie"])),
        ("symbol path", printable(how.symbol_path) or "none"),
        ("functions named by symbols", ", ".join(named) or "none"),
        ("made by", f"regcb {how.version}, {how.made}"),
    ]


def _list(target: dict[str, Any]) -> str:
    head = target["list_head"]
    return f"{head}, found by {target['list_head_found_by']}" if head else "none in a small dump"


def _known(value: Any) -> str:
    return "unknown" if value is None else str(value)
