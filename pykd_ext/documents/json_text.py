"""Documents as JSON text: ASCII alone, so that a target's lone surrogates survive any pipe."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["json_line", "json_text"]


def json_text(document: Mapping[str, object]) -> str:
    """Indented, for a document that stands alone."""
    return json.dumps(document, indent=2)


def json_line(document: Mapping[str, object]) -> str:
    """On one line, for a file of many (JSON lines)."""
    return json.dumps(document)
