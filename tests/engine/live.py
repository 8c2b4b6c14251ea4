"""A live target for a test, and programs of the engine that are attached to it."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab.kd.lab import DEFAULT_PROFILE
from tests.lab.kd.questions import ask_target
from tests.lab.kd.run import run
from tests.lab.kd.script import Script
from tests.lab.kd.scripts import DEFAULT_SCRIPT
from tests.lab.profiles import PROFILES

from .engine import INSIDE, CompletedRun, Engine

__all__ = ["LISTED", "LiveTarget", "goes_on", "is_let_go", "listed", "live_target"]

# Of a callback's document, what the lab knows.
LISTED = ("owner", "function", "altitude", "context", "cookie", "active_uses", "problems")

_BUILD_TIME = 600.0  # seconds, for the first of all
_ENDING_TIME = 600.0


class LiveTarget(NamedTuple):
    """A target that waits for a debugger; one debugger, once.

    ``path``: of its Unix socket, where it has one. ``callbacks``: what is registered in it, as
    dictionaries of RegisteredCallback's fields.
    """

    port: int
    path: Path | None
    control: int
    symbols: Path
    callbacks: list[dict[str, Any]]
    process: multiprocessing.process.BaseProcess

    def counts(self) -> dict[str, int]:
        """KD requests and stops by kind since the connection, or since :meth:`clear`."""
        return ask_target(self.control, "counts")

    def clear(self) -> dict[str, int]:
        """The counts, which start from nothing then."""
        return ask_target(self.control, "clear")

    def state(self) -> dict[str, Any]:
        """What came of every operation, and what the debugger has set: ``Target.state``."""
        return ask_target(self.control, "state")

    def run(
        self, engine: Engine, script: Path, *arguments: str | Path, timeout: float = 600
    ) -> CompletedRun:
        """Runs a script of the engine that finds pykd attached to this target.

        ``sys.argv`` is ``[script, *arguments]``. Raises EngineError when it takes too long.
        """
        return self._run(engine, script, *arguments, timeout=timeout)

    def regcb(self, engine: Engine, *arguments: str | Path, timeout: float = 600) -> CompletedRun:
        """Runs one regcb command attached to this target."""
        return self._run(engine, "regcb", *arguments, timeout=timeout)

    def has_ended(self) -> bool:
        """Whether it notices, in ten minutes, that the debugger has gone."""
        self.process.join(_ENDING_TIME)
        return self.process.exitcode == 0

    def _run(self, engine: Engine, *words: str | Path, timeout: float) -> CompletedRun:
        where = (str(self.port), str(self.control), self.symbols)
        return engine.run(INSIDE / "attached.py", *where, *words, timeout=timeout)


@contextmanager
def live_target(
    script: Script = DEFAULT_SCRIPT,
    pace: float = 0.0,
    profile: str = DEFAULT_PROFILE.name,
    kernel: Path | None = None,
    path: Path | None = None,
) -> Iterator[LiveTarget]:
    """A target in a process of its own; it is ended, whatever happened to it. ``kernel``: the file
    of a real kernel in place of the profile's own. ``path``: of the Unix socket that it serves one
    debugger at; it answers for itself when that has gone, too."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run.__module__])  # once for all targets
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_serve, args=(script, pace, profile, kernel, path, sender), daemon=True
    )
    process.start()
    sender.close()  # so that the other end's is the last, and its end is seen
    try:
        if not receiver.poll(_BUILD_TIME):
            raise RuntimeError("the live target does not come up")
        hello: Mapping[str, Any] = receiver.recv()  # EOFError: it has failed, and said why
        symbols, callbacks = Path(hello["symbols"]), hello["callbacks"]
        yield LiveTarget(hello["port"], path, hello["control"], symbols, callbacks, process)
    finally:
        process.kill()
        process.join()


def _serve(
    script: Script, pace: float, profile: str, kernel: Path | None, path: Path | None, sender: Any
) -> None:
    run(script, 0, pace, sender.send, PROFILES[profile], kernel, path)
    if path:
        threading.Event().wait()


def goes_on(counts: Mapping[str, int]) -> bool:
    """Whether a target with these counts has been let go on from every stop."""
    return counts.get("Continue2") == counts["stop"]  # the first has none yet


def is_let_go(counts: Mapping[str, int], state: Mapping[str, Any]) -> bool:
    """Whether it goes on, with nothing in it that stops it."""
    return state["breakpoints"] == state["hardware"] == [] and goes_on(counts)


def listed(truth: dict[str, Any]) -> dict[str, Any]:
    """A callback's document as the lab knows it."""
    return {
        "owner": truth["owner"],
        "altitude": truth["altitude"],
        **{name: f"{truth[name]:#x}" for name in ("function", "context", "cookie")},
        "active_uses": 0,
        "problems": [],
    }
