"""What ends a live command, other than its own limits: each has a name and an exit status."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.kd.script import Act, Actor, Operation, Script
from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from .engine import CompletedRun, Engine
from .live import live_target
from .live_command import live_regcb

SAMPLES = Path(__file__).parents[2] / "samples" / "policies"
PRE_SET = 1
EXAMPLE = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
QUIET = DEFAULT_SCRIPT._replace(drivers=())


def with_operation(operation: Operation) -> Script:
    (work,) = DEFAULT_SCRIPT.work
    work = work._replace(operations=(*work.operations, operation))
    return DEFAULT_SCRIPT._replace(work=(work,))


def test_a_breakpoint_of_the_users(engine: Engine) -> None:
    run = live_regcb(engine, with_operation(Operation("flush", EXAMPLE)), "trace")
    assert (run.status, run.errors) == (0, "")
    assert run.output.splitlines()[-1].startswith("5 operations; a breakpoint of yours stopped it")
    assert run.left_nothing()


@pytest.mark.parametrize(
    ("act", "status", "event"),
    [
        ("crash", 3, "Access violation - code c0000005"),
        ("bug-check", 4, "bug check 0x121"),
    ],
)
def test_what_a_callback_does(engine: Engine, act: str, status: int, event: str) -> None:
    script = SCRIPTS["overruled"]._replace(actors=(Actor("200000", (Act(act, PRE_SET),)),))
    run = live_regcb(engine, script, "trace")
    assert (run.status, run.errors) == (status, "")
    assert f"; the target stopped by itself: {event}" in run.output.splitlines()[-1]
    assert run.left_nothing()


def test_a_module_that_is_loaded(engine: Engine) -> None:
    """Where the user wants to stop at those."""
    script = with_operation(Operation("load-driver", name="stage.sys"))
    script = script._replace(actors=(Actor("200000"),))
    run = live_regcb(engine, script, "sxe ld", "trace", inside="live_after.py")
    assert (run.status, run.errors) == (5, "")
    last = run.output.splitlines()[-1]
    assert last.startswith("5 operations; the target stopped by itself: Load module ")
    assert "stage.sys" in last
    assert run.left_nothing()


COMMANDS: dict[str, list[str | Path]] = {
    "trace": ["trace"],
    "watch": ["watch"],
    "guard": ["guard", SAMPLES / "protect_regprotect.toml", "--at", "regprotect"],
}


@pytest.mark.parametrize("filter_command", ["sxe ibp", "sxd ibp"], ids=["stops", "runs-on"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reboot(engine: Engine, command: str, filter_command: str) -> None:
    """Also where the user does not want to stop at the beginning of the next kernel."""
    script = with_operation(Operation("reboot"))
    run = live_regcb(engine, script, filter_command, *COMMANDS[command], inside="live_after.py")
    assert (run.status, run.errors) == (7, "")
    assert "; the target has rebooted (--boot" in run.output.splitlines()[-1]
    assert (run.engine_breakpoints, run.state["breakpoints"]) == ([], [])
    assert run.is_stopped
    (thread,) = run.state["operations"]
    assert not any(each["count"] for each in thread)


# How the other end goes, and what it does until then.
LOST = {
    "closed while busy": (signal.SIGKILL, DEFAULT_SCRIPT),
    "closed": (signal.SIGKILL, QUIET),
    "silent": (signal.SIGSTOP, QUIET),
}


def lost(engine: Engine, how: signal.Signals, script: Script) -> CompletedRun:
    """What became of a command whose target goes, while it waits for the 10 s to be over."""
    with live_target(script) as target, ThreadPoolExecutor() as pool:
        done = pool.submit(target.regcb, engine, "watch", "--for", "10")
        while not (target.state()["breakpoints"] or done.done()):
            time.sleep(0.1)
        assert target.process.pid is not None
        os.kill(target.process.pid, how)
        return done.result()


def test_connections_that_are_lost(engine: Engine) -> None:
    """The engine waits for ever, and regcb for some seconds: for all of them at once."""
    with ThreadPoolExecutor() as pool:
        running = {name: pool.submit(lost, engine, *LOST[name]) for name in LOST}
        ended = {name: each.result() for name, each in running.items()}
    assert {name: each.returncode for name, each in ended.items()} == dict.fromkeys(LOST, 6)
    for name, each in ended.items():
        assert "regcb: the target has not answered for " in each.stderr, name
