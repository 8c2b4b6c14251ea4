"""What a live target tells of its own accord, and more than one processor, in the real engine."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.kd.script import Act, Actor, Operation, Script, Work

from .engine import INSIDE, Engine
from .live import live_target

KEY = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
PRE_SET = 1


def ask(engine: Engine, script: Script, inside: str) -> Any:
    with live_target(script) as target:
        done = target.run(engine, INSIDE / inside)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


def test_loads_unloads_and_lines(engine: Engine) -> None:
    steps = (
        Operation("load-driver", name="stage.sys"),
        Operation("print", name="lab: hello\n"),
        Operation("unload-driver", name="stage.sys"),
    )
    work = Work("System", 4, 0x50, steps, rounds=1, user_mode=False)
    script = Script((work,), ("netmon.sys",), (Actor("100000"),))
    assert ask(engine, script, "live_events.py") == [
        ["load", "stage"],
        ["line", "lab: hello\n"],
        ["unload", "stage"],
    ]


def test_two_processors_in_one_callback(engine: Engine) -> None:
    steps = (Operation("set-value", KEY, "Volume", b"\1"),)
    works = tuple(
        Work("example.exe", 0x900, 0x904 + 4 * number, steps, processor=number)
        for number in range(2)
    )
    waits = Actor("100000", (Act("yield", PRE_SET),))
    script = Script(works, ("stage.sys",), (waits,), processors=2)
    answer = ask(engine, script, "live_processors.py")
    assert len(set(answer["threads"])) == 2
    for stack in answer["stacks"]:
        assert stack[-5:-3] == ["nt!KiSystemServiceCopyEnd", "nt!PspUserThreadStartup"]
    assert any("stage!StageCallback0" in stack for stack in answer["stacks"])
