"""Documents as JSON text, for programs."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["json_text"]


def json_text(document: dict[str, Any]) -> str:
    """Indented, ASCII alone, so that a target's lone surrogates survive any pipe."""
    return json.dumps(document, indent=2)
