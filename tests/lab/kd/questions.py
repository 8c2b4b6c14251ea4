"""Asking a live target how it is going; see :mod:`.control` for what. Needs nothing but Python."""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["ask_target"]


def ask_target(port: int, question: str) -> dict[str, Any]:
    """What the target answers to ``counts``, ``clear`` or ``state``."""
    with socket.create_connection(("127.0.0.1", port), timeout=600) as peer:
        peer.sendall(question.encode() + b"\n")
        with peer.makefile(encoding="ascii") as lines:
            answer: dict[str, Any] = json.loads(lines.readline())
            return answer
