"""What the live target says of itself, to a script that attached.py runs."""

from __future__ import annotations

import os
from typing import Any

from tests.lab.kd.questions import ask_target

__all__ = ["CONTROL", "clear", "counts", "state"]

CONTROL = "REGCB_LIVE_CONTROL"  # the variable with the target's second port


def counts() -> dict[str, int]:
    """KD requests and stops by kind since the connection, or since :func:`clear`."""
    return _ask("counts")


def clear() -> dict[str, int]:
    """The counts, which start from nothing then."""
    return _ask("clear")


def state() -> dict[str, Any]:
    """See :meth:`tests.lab.kd.target.Target.state`."""
    return _ask("state")


def _ask(question: str) -> dict[str, Any]:
    return ask_target(int(os.environ[CONTROL]), question)
