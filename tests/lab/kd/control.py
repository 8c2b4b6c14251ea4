"""A second socket, on which a test asks the target how it is going.

A line in, a line of JSON out. ``counts``: KD requests and stops by kind since the last ``clear``,
which forgets them and says what they were. ``state``: see :meth:`.target.Target.state`.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

from .target import Target

__all__ = ["serve_questions"]


def serve_questions(target: Target) -> int:
    """Answers in a thread of its own; the port, on the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, target), daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def _accept(listener: socket.socket, target: Target) -> None:
    while True:
        peer, _ = listener.accept()
        with peer, peer.makefile("rw", encoding="ascii", newline="\n") as lines:
            for line in lines:
                lines.write(json.dumps(_answer(target, line.strip())) + "\n")
                lines.flush()


def _answer(target: Target, question: str) -> dict[str, Any]:
    if question == "state":
        return target.state()
    counts = dict(target.counts)
    if question == "clear":
        target.counts.clear()
    return counts
