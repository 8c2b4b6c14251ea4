"""Documents with a few values changed."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.draw import Draw

__all__ = ["poked"]

_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 70, 1.5, "", "0x", "0x1", "=1+1", "\x1b[31m", "\n", "<b>", "\ud800",
    [], {}, [[]], {"a": 1}, "9" * 5000, float("inf"), float("nan"),
)  # fmt: skip


def poked(document: Any, draw: Draw) -> str:
    """The text of ``document`` with values that ``draw`` gives."""
    copy = json.loads(json.dumps(document))
    while draw.is_left:
        place, key = _place(copy, draw)
        if place is None:
            break
        kind = draw.number()
        if kind % 8 == 7:
            del place[key]
        elif kind % 8 == 6:
            place[key] = draw.rest()[:20].decode("latin-1")
        else:
            place[key] = json.loads(json.dumps(_VALUES[draw.number() % len(_VALUES)]))
    return json.dumps(copy)


def _place(document: Any, draw: Draw) -> tuple[Any, Any]:
    """A container and a key of it, as deep as ``draw`` goes."""
    here = document
    found: tuple[Any, Any] = None, None
    while isinstance(here, (dict, list)) and here:
        keys: Any = list(here) if isinstance(here, dict) else range(len(here))
        key = draw.choice(keys)
        found = here, key
        here = here[key]
        if draw.number() % 4 == 0:
            break
    return found
