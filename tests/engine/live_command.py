"""A regcb command on a live target, and what a test wants to know of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab.kd.lab import DEFAULT_PROFILE
from tests.lab.kd.script import Script
from tests.support.schemas import validate

from .engine import INSIDE, Engine
from .live import is_let_go, live_target
from .ntoseye import Ntoseye

__all__ = ["LiveRun", "live_regcb", "operations"]

USERS = ["nt!NtFlushKey"]


class LiveRun(NamedTuple):
    """``counts``: KD requests and stops. ``state``: the target's own, afterwards."""

    status: int
    output: str
    errors: str
    counts: dict[str, int]
    engine_breakpoints: list[str]
    state: dict[str, Any]
    is_stopped: bool

    @property
    def requests(self) -> int:
        """KD requests: round trips of a real connection."""
        return sum(count for name, count in self.counts.items() if name not in ("stop", "print"))

    def left_nothing(self) -> bool:
        """Whether the user's breakpoint alone is left, and the target is stopped; or none, and it
        has been let go, where regcb was the debugger."""
        if self.is_stopped:
            return self.engine_breakpoints == USERS
        return is_let_go(self.counts, self.state)


# KD requests of a whole command, through pykd and through ntoseye, there also of attaching and of
# letting go. Each is a little more than was counted, which docs/ntoseye.md has.
MOST_REQUESTS = {
    "trace --each --count 5": (600, 1200),
    "who-blocks": (140, 240),
    "guard --count 2": (260, 670),
}


def is_cheap(run: LiveRun, engine: Engine | Ntoseye, what: str) -> bool:
    """Whether ``run`` took no more requests than such a command may."""
    return run.requests <= MOST_REQUESTS[what][isinstance(engine, Ntoseye)]


def live_regcb(
    engine: Engine | Ntoseye,
    script: Script,
    *words: str | Path,
    symbols: Path | None = None,
    inside: str = "live_regcb.py",
    profile: str = DEFAULT_PROFILE.name,
    kernel: Path | None = None,
    timeout: float = 600,
) -> LiveRun:
    """Runs ``regcb WORDS`` on a target that does what ``script`` says.

    ``symbols``: another folder than the one with the PDBs. ``inside``: a script that does more.
    ``profile``, ``kernel``: as of :func:`.live.live_target`.
    """
    if isinstance(engine, Ntoseye):
        return _by_ntoseye(engine, script, *words, profile=profile, timeout=timeout)
    with live_target(script, profile=profile, kernel=kernel) as target:
        there = target if symbols is None else target._replace(symbols=symbols)
        done = there.run(engine, INSIDE / inside, *words, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return LiveRun(**json.loads(done.stdout.splitlines()[-1]))


def _by_ntoseye(
    engine: Ntoseye, script: Script, *words: str | Path, profile: str, timeout: float
) -> LiveRun:
    with engine.target(script, profile=profile) as target:
        done = engine.regcb(target, *words, timeout=timeout)
        counts, state = target.counts(), target.state()
    return LiveRun(done.returncode, done.stdout, done.stderr, counts, [], state, False)


def operations(path: Path) -> Sequence[dict[str, Any]]:
    """The lines of --jsonl, each as its schema says."""
    found = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    for each in found:
        validate(each)
    return found
