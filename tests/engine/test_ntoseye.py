"""regcb through ntoseye: what it says of a live kernel, and how it leaves it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.kd.script import Act, Actor, Operation, Script
from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from .cut_link import cut_after
from .live import LISTED, LiveTarget, goes_on, listed
from .ntoseye import Ntoseye, runs

QUIET = DEFAULT_SCRIPT._replace(drivers=())


@pytest.fixture
def target(ntoseye: Ntoseye) -> Iterator[LiveTarget]:
    with ntoseye.target(DEFAULT_SCRIPT) as started:
        yield started


def test_list_is_the_truth(ntoseye: Ntoseye, target: LiveTarget) -> None:
    done = ntoseye.regcb(target, "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["target"]["kind"] == "kernel"
    found = [{name: each[name] for name in LISTED} for each in document["callbacks"]]
    assert found == [listed(each) for each in target.callbacks]
    assert runs(target)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "3"], "regprotect!RegisterCallback"),
        (["check"], "findings: 1 info"),
        (["doctor"], "4 can be listed"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_what_is_read_needs_no_windows(
    ntoseye: Ntoseye, target: LiveTarget, words: list[str], said: str
) -> None:
    done = ntoseye.regcb(target, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert said in done.stdout
    assert runs(target)


def test_nobody_there_is_one_line(ntoseye: Ntoseye, target: LiveTarget, tmp_path: Path) -> None:
    nobody = target._replace(path=tmp_path / "nobody")
    done = ntoseye.regcb(nobody, "list")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"regcb: kd:{nobody.path}: ") and "does not exist" in line


@pytest.mark.parametrize("script", [DEFAULT_SCRIPT, QUIET], ids=["busy", "quiet"])
def test_ctrl_c_leaves_nothing(ntoseye: Ntoseye, script: Script) -> None:
    with ntoseye.target(script) as target:
        running = ntoseye.start(target, "watch")
        wait_for_breakpoints(target)
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate(timeout=600)
        assert (running.returncode, errors) == (0, "")
        assert output.splitlines()[-1].endswith(
            "you stopped it. regcb's breakpoints are gone, and the target goes on"
        )
        assert runs(target)


def test_a_connection_that_is_lost(ntoseye: Ntoseye) -> None:
    with ntoseye.target(QUIET) as target:
        running = ntoseye.start(target, "watch", "--for", "10")
        wait_for_breakpoints(target)
        target.process.kill()
        _, errors = running.communicate(timeout=600)
    assert running.returncode == 6
    assert errors.startswith("regcb: the target ")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "packets"),
    [
        # As it attaches, as the session begins, in the list, as it is let go.
        *(("list", each) for each in (1, 40, 60, 80, 200)),
        # As breakpoints are set, at two stops, as breakpoints are taken out.
        *(("trace", each) for each in (110, 160, 260, 300)),
    ],
)
def test_a_link_that_is_cut(ntoseye: Ntoseye, command: str, packets: int) -> None:
    """One line that says so, and nothing of memory that is not there."""
    words = {"list": ["list"], "trace": ["trace", "--count", "5"]}[command]
    with ntoseye.target(DEFAULT_SCRIPT) as target, cut_after(target, packets) as cut:
        done = ntoseye.regcb(cut, *words)
    (line,) = done.stderr.splitlines()
    attached = not line.startswith(f"regcb: kd:{cut.path}: ")
    assert done.returncode == (6 if attached else 2)
    assert line.startswith("regcb: the target is gone") or not attached
    assert "paged out" not in done.stdout and "not mapped" not in done.stdout


def wait_for_breakpoints(target: LiveTarget) -> None:
    """Until the target goes on with them: before that, a command has nothing to stop."""
    while not (target.state()["breakpoints"] and goes_on(target.counts())):
        time.sleep(0.1)


def test_it_leaves_no_debugger_to_stop_for(ntoseye: Ntoseye, target: LiveTarget) -> None:
    done = ntoseye.regcb(target, "who-blocks", "HKLM\\SOFTWARE", "--stop")
    assert done.returncode == 2
    assert done.stderr.startswith("regcb: --stop leaves the target to a debugger")
    assert runs(target)


# As KeBugCheckEx prints it in a real kernel, and by which ntoseye knows a bug check.
FATAL = "\n*** Fatal System Error: 0x00000121\n        (0x0,0x0,0x0,0x0)\n\n"


@pytest.mark.parametrize(
    ("first", "act", "status", "event"),
    [
        (
            Operation("print", name=""),
            "crash",
            3,
            "the target stopped by itself: exception 0xc0000005",
        ),
        (Operation("print", name=FATAL), "bug-check", 4, "the target stopped by itself: bug check"),
        (Operation("reboot"), "log", 7, "the target has rebooted"),
    ],
    ids=["crash", "bug-check", "reboot"],
)
def test_why_it_stopped(
    ntoseye: Ntoseye, first: Operation, act: str, status: int, event: str
) -> None:
    script = SCRIPTS["overruled"]
    work = script.work[0]._replace(operations=(first, *script.work[0].operations))
    acts = () if act == "log" else (Act(act, 1),)
    script = script._replace(work=(work,), actors=(Actor("200000", acts),))
    with ntoseye.target(script) as target:
        done = ntoseye.regcb(target, "trace")
        assert (done.returncode, done.stderr) == (status, "")
        assert event in done.stdout.splitlines()[-1]
        assert target.state()["breakpoints"] == []
