"""The live commands from the initial break on, before there is any list of callbacks."""

from __future__ import annotations

import pytest

from tests.lab.kd.script import LAB_DRIVERS, Operation, Script, Work
from tests.lab.kd.scripts import DEFAULT_SCRIPT

from .engine import Engine
from .live_command import live_regcb

COMMANDS = {
    "who-blocks": (["HKLM\\SOFTWARE\\**", "--for", "600"], "regprotect.sys blocks it: STATUS"),
    "trace": (["--count", "5"], "STATUS_ACCESS_DENIED: refused by regprotect!RegisterCallback"),
    "watch": (["--count", "4"], "  registered: regprotect!RegisterCallback (regprotect.sys)"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_from_the_initial_break_on(engine: Engine, command: str) -> None:
    """Also where the callback that refuses is the first of all, and nobody is told of the end."""
    words, said = COMMANDS[command]
    last = slice(-1 if command == "who-blocks" else None, None)
    loads = (Operation("load-driver", name=name) for name in LAB_DRIVERS[last])
    steps = (Operation("init-callbacks"), *loads, *DEFAULT_SCRIPT.work[0].operations[last])
    work = Work("System", 4, 0x50, steps, rounds=1)
    run = live_regcb(engine, Script((work,), (), boots=True), command, "--boot", *words)
    assert (run.status, run.errors) == (0, "")
    assert "that was enough" in run.output
    assert said in run.output
    assert "! no callbacks" not in run.output
    assert run.left_nothing()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kernel_that_has_booted(engine: Engine, command: str) -> None:
    """What was registered before was missed."""
    words, _ = COMMANDS[command]
    run = live_regcb(engine, DEFAULT_SCRIPT, command, "--boot", *words)
    assert run.status == 2
    assert "--boot starts at the initial break, and this kernel has 4 callbacks" in run.errors
    assert run.counts.get("stop", 0) == 0
    assert run.left_nothing()
