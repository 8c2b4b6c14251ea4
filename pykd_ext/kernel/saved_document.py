"""A JSON document that regcb wrote to a file, and that anybody may have changed since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..target.errors import RegcbError

__all__ = ["parse_json", "read_document"]

_LONGEST = 16 << 20  # bytes of a document: 20,000 callbacks have 14 MB
# Objects and lists in it: they have 100,000. Python needs forty bytes for each bracket.
_MOST_PARTS = 500_000


def read_document(
    path: Path, schemas: Sequence[str], writer: str, error_type: type[RegcbError]
) -> dict[str, Any]:
    """The document of one of ``schemas``, as the command ``writer`` writes it.

    Raises ``error_type`` with one line for a file that cannot be read, is no JSON, or of another
    schema. Nothing else of the document is looked at.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST + 1)
    except OSError as error:
        raise error_type(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > _LONGEST:
        raise error_type(f"{path}: larger than {_LONGEST >> 20} MB, nothing that {writer} writes")
    try:
        document = parse_json(raw)
    except ValueError as error:
        raise error_type(f"{path}: no JSON, as {writer} writes it: {error}") from error
    found: dict[str, Any] = document if isinstance(document, dict) else {}
    schema = found.get("schema")
    if schema not in schemas:
        what = f"its schema is {schema!r:.60}" if schema else "it has no schema"
        raise error_type(f"{path}: {what}, not {schemas[0]} (save one: {writer})")
    return found


def parse_json(raw: bytes) -> Any:
    """What the JSON text ``raw`` says. Raises ValueError for what is none, and for more than regcb
    ever writes: objects and lists by the million, or each in another."""
    if raw.count(b"{") + raw.count(b"[") > _MOST_PARTS:
        raise ValueError("more objects and lists than regcb writes")
    try:
        return json.loads(raw.decode(_coding(raw)))
    except RecursionError as error:
        raise ValueError(str(error)) from None


def _coding(raw: bytes) -> str:
    """PowerShell 5 writes redirected output as UTF-16 with a mark."""
    return "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
