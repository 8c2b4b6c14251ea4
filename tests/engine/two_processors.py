"""Operations on two processors, of which one runs on while the debugger has the other take a step:
how many were seen, and how many a rule decided. None may be lost.

``python -m tests.engine.two_processors [OPERATIONS]`` does 10,000 four times and says what came of
them; no test has the hour that this takes.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, NamedTuple

from tests.lab.kd.script import LAB_DRIVERS, Act, Actor, Script
from tests.lab.kd.scripts import SCRIPTS

from .engine import Engine
from .live_command import LiveRun, live_regcb, operations

__all__ = ["Guarded", "Traced", "guarded", "refused", "traced"]

_LAB = ["oldfilt.sys", "netmon.sys", "avfilter.sys", "regprotect.sys"]  # in calling order
_FIRST = "425000"
_PRE_SET, _POST_SET = 1, 16
_LONGEST = 540.0, 2.0  # seconds that what is lost is waited for: at least, and for an operation
_POLICY = """
[[rule]]
processes = ['services.exe']
action = 'deny'

[[rule]]
action = 'log'
"""


class Traced(NamedTuple):
    """``seen``: operations by thread; ``odd``: how many of them have not every verdict of every
    callback, or not their end."""

    run: LiveRun
    seen: Counter[int]
    odd: int


class Guarded(NamedTuple):
    """``denied``, ``logged``: decisions. ``passed``: operations of which a callback below the one
    that is guarded was told to the end."""

    run: LiveRun
    denied: int
    logged: int
    passed: int


def traced(engine: Engine, folder: Path, count: int, *words: str) -> Traced:
    """Traces until ``count`` operations were seen, of which there are no more."""
    log = folder / "trace.jsonl"
    run = live_regcb(
        engine, _finite(SCRIPTS["running-on"], count), "trace", "--jsonl", log,
        *_limits(count), *words, timeout=2 * _seconds(count),
    )  # fmt: skip
    found = operations(log)
    odd = sum(not each["is_over"] or each["result"]["name"] != "STATUS_SUCCESS" for each in found)
    if "--each" in words:
        for each in found:
            by_phase: dict[str, list[str]] = {"pre": [], "post": []}
            for verdict in each["verdicts"]:
                by_phase[verdict["phase"]].append(verdict["owner"])
            odd += by_phase != {"pre": _LAB, "post": _LAB[::-1]}
    return Traced(run, Counter(each["thread"]["id"] for each in found), odd)


def refused(engine: Engine, folder: Path, count: int) -> Traced:
    """Of operations that are all refused, with callbacks above that are told of the end."""
    script = SCRIPTS["running-on"]
    answer = SCRIPTS["overruled"].work[0].operations
    script = script._replace(work=tuple(each._replace(operations=answer) for each in script.work))
    log = folder / "refused.jsonl"
    run = live_regcb(
        engine, _finite(script, count), "trace", "--only-blocked", "--jsonl", log,
        *_limits(count), timeout=2 * _seconds(count),
    )  # fmt: skip
    found = operations(log)
    odd = sum(
        not each["is_over"]
        or each["result"]["name"] != "STATUS_ACCESS_DENIED"
        or each["blocked_by"]["owner"] != _LAB[-1]
        or each["inside"] != []
        for each in found
    )
    return Traced(run, Counter(each["thread"]["id"] for each in found), odd)


def guarded(engine: Engine, folder: Path, count: int) -> Guarded:
    """Denies one of two processes all it asks for, until ``count`` operations were decided, of
    which there are no more. A callback below has a context for each that comes to it."""
    policy = folder / "policy.toml"
    policy.write_text(_POLICY, encoding="ascii")
    acts = (Act("context", _PRE_SET), Act("context", _POST_SET))
    script = SCRIPTS["running-on"]._replace(
        drivers=(*LAB_DRIVERS, "stage.sys"), actors=(Actor("200000", acts),)
    )
    run = live_regcb(
        engine, _finite(script, count), "guard", policy, "--at", _FIRST,
        *_limits(count), timeout=2 * _seconds(count),
    )  # fmt: skip
    said = run.output
    return Guarded(run, said.count("=> denied"), said.count("=> logged"), run.state["posts"])


def _limits(count: int) -> list[str]:
    return ["--count", str(count), "--for", str(_seconds(count))]


def _seconds(count: int) -> float:
    least, each = _LONGEST
    return max(least, each * count)


def _finite(script: Script, count: int) -> Script:
    """Half of ``count`` operations for each processor."""
    work = tuple(each._replace(rounds=count // len(script.work)) for each in script.work)
    return script._replace(work=work)


def _say(what: str, seconds: float, run: LiveRun, found: str) -> None:
    done = [sum(each["count"] for each in thread) for thread in run.state["operations"]]
    print(
        f"{what}: {found}; done {done}; {run.requests} requests, {run.counts['stop']} stops, "
        f"{seconds:.0f} s; {run.output.splitlines()[-1]}",
        flush=True,
    )


def _guard(engine: Engine, folder: Path, count: int) -> tuple[LiveRun, str]:
    found = guarded(engine, folder, count)
    return found.run, f"denied {found.denied}, logged {found.logged}, passed {found.passed}"


def _trace(engine: Engine, folder: Path, count: int, *words: str) -> tuple[LiveRun, str]:
    found = traced(engine, folder, count, *words)
    return found.run, f"seen {dict(found.seen)}, {found.odd} odd"


_RUNS: dict[str, Callable[[Engine, Path, int], tuple[LiveRun, str]]] = {
    "guard": _guard,
    "trace": _trace,
    "trace-each": lambda engine, folder, count: _trace(engine, folder, count, "--each"),
}


def _main(count: int, names: Sequence[str]) -> None:
    with Engine.running() as engine, TemporaryDirectory() as folder:
        for name in names:
            start = time.monotonic()
            run, found = _RUNS[name](engine, Path(folder), count)
            _say(name, time.monotonic() - start, run, found)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    _main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2:] or list(_RUNS))
