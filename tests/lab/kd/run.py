"""A live target as a process of its own."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable

from ..profiles import Profile
from .connection import Closed
from .control import serve_questions
from .lab import DEFAULT_PROFILE, build_live_lab
from .script import Script, Work
from .started_kernel import load_real_kernel
from .target import Target

__all__ = ["DEFAULT_PACE", "run"]

DEFAULT_PACE = 0.01  # seconds
_PATIENCE = 600.0  # seconds to wait for a debugger
_SLIDE = 0x240000  # bytes from where the kernel lay before a reboot


def run(
    script: Script,
    port: int,
    pace: float,
    hello: Callable[[Mapping[str, Any]], None],
    profile: Profile = DEFAULT_PROFILE,
    kernel: Path | None = None,
    path: Path | None = None,
) -> None:
    """Serves one debugger on the loopback interface and comes back when it has gone.

    ``port`` 0: any. ``path``: a Unix socket in its place, as virtual machines have for a serial
    port. ``pace``: seconds of rest after every operation of a thread. ``hello`` is told where the
    target is to be found, once it listens. ``kernel``: the file of a real kernel, which takes the
    place of a profile's own. Raises as :func:`.lab.build_live_lab`.
    """
    real = None if kernel is None else load_real_kernel(kernel)
    lab = build_live_lab(script, profile, real=real)
    next_script, slide = _without_reboot(script), 0 if real else _SLIDE
    target = Target(lab, pace, partial(build_live_lab, next_script, profile, slide, real))
    with _listener(port, path) as listener:
        listener.settimeout(_PATIENCE)
        control = serve_questions(target)
        hello(
            {
                "port": 0 if path else listener.getsockname()[1],
                "control": control,
                "symbols": lab.symbols,
                "callbacks": [each._asdict() for each in lab.callbacks],
                **({"list": real.head, "dispatcher": real.dispatcher} if real else {}),
            }
        )
        peer, _ = listener.accept()
    with peer, suppress(Closed):
        peer.settimeout(None)
        target.serve(peer)


def _listener(port: int, path: Path | None) -> socket.socket:
    if path is None:
        return socket.create_server(("127.0.0.1", port))
    return socket.create_server(str(path), family=socket.AF_UNIX)


def _without_reboot(script: Script) -> Script:
    def kept(work: Work) -> Work:
        operations = tuple(each for each in work.operations if each.kind != "reboot")
        return work._replace(operations=operations)

    return script._replace(work=tuple(map(kept, script.work)))
