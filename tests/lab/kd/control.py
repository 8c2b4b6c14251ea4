"""A second socket, on which a test asks the target what it has counted.

A line in, a line of JSON out: ``counts`` gives the counts since the last ``clear``, ``clear``
forgets them and gives what they were.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter

__all__ = ["ask_target", "serve_counts"]


def serve_counts(counts: Counter[str]) -> int:
    """Answers in a thread of its own; the port, on the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, counts), daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def _accept(listener: socket.socket, counts: Counter[str]) -> None:
    while True:
        peer, _ = listener.accept()
        with peer, peer.makefile("rw", encoding="ascii", newline="\n") as lines:
            for line in lines:
                lines.write(json.dumps(dict(counts)) + "\n")
                lines.flush()
                if line.strip() == "clear":
                    counts.clear()


def ask_target(port: int, question: str) -> dict[str, int]:
    """What the target answers, ``counts`` or ``clear``."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall(question.encode() + b"\n")
        with peer.makefile(encoding="ascii") as lines:
            answer: dict[str, int] = json.loads(lines.readline())
            return answer
