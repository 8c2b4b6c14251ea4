"""A live target as a process of its own."""

from __future__ import annotations

import json
import socket
from contextlib import suppress

from .connection import Closed
from .control import serve_counts
from .lab import build_live_lab
from .script import DEFAULT_SCRIPT
from .target import Target

__all__ = ["run"]

_PATIENCE = 600.0  # seconds to wait for a debugger


def run(port: int, pace: float) -> None:
    """Serves one debugger on the loopback interface and comes back when it has gone."""
    lab = build_live_lab(DEFAULT_SCRIPT)
    target = Target(lab, pace)
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(_PATIENCE)
        hello = {
            "port": listener.getsockname()[1],
            "control": serve_counts(target.counts),
            "symbols": lab.symbols,
        }
        print(json.dumps(hello), flush=True)
        peer, _ = listener.accept()
    with peer, suppress(Closed):
        peer.settimeout(None)
        target.serve(peer)
