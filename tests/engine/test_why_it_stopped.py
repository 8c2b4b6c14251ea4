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

from .engine import Engine
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


@pytest.mark.parametrize(
    ("how", "script"),
    [(signal.SIGKILL, DEFAULT_SCRIPT), (signal.SIGKILL, QUIET), (signal.SIGSTOP, QUIET)],
    ids=["closed-while-busy", "closed", "silent"],
)
def test_a_connection_that_is_lost(engine: Engine, how: signal.Signals, script: Script) -> None:
    """The engine waits for ever."""
    with live_target(script) as target, ThreadPoolExecutor() as pool:
        done = pool.submit(target.regcb, engine, "watch", "--for", "3")
        while not target.state()["breakpoints"]:
            time.sleep(0.1)
        assert target.process.pid is not None
        os.kill(target.process.pid, how)
        ended = done.result()
    assert ended.returncode == 6
    assert "regcb: the target has not answered for " in ended.stderr
