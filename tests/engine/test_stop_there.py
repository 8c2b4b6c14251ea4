"""who-blocks --stop and --python in the real engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.kd.script import Operation, Script
from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from .engine import INSIDE, Engine
from .live import live_target
from .live_command import live_regcb, operations

KEY = "HKLM\\SOFTWARE\\RegProtect"
DENIED = 0xC0000022
FUNCTION = """
seen = []

def on_operation(operation):
    seen.append(operation["value_name"])
    return {answer}
"""


def stopped(engine: Engine, script: Script, *words: str) -> dict[str, Any]:
    with live_target(script) as target:
        done = target.run(engine, INSIDE / "live_stopped.py", "who-blocks", KEY, "--stop", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", ["default", "guarded", "crowd-refused"])
def test_it_is_left_in_the_callback_that_refuses(engine: Engine, name: str) -> None:
    script = SCRIPTS.get(name) or SCRIPTS["crowd"]._replace(work=DEFAULT_SCRIPT.work)
    found = stopped(engine, script, "--value", "Answer")
    assert found["status"] == 0
    assert found["output"].startswith("regprotect.sys blocks it: STATUS_ACCESS_DENIED")
    assert found["frames"][:2] == ["regprotect!RegisterCallback", "nt!CmpCallCallBacksEx"]
    assert found["result"] == DENIED
    assert found["code"] == "c3"
    assert "stopped at its return (regprotect!RegisterCallback+" in found["output"]
    assert (found["breakpoints"], found["left"]) == ([], "")
    assert found["behind"] == "nt!CmpCallCallBacksEx"


def test_a_function_of_the_users_picks_the_operation(engine: Engine, tmp_path: Path) -> None:
    """who-blocks goes on until it says True: the refused open comes first."""
    path = tmp_path / "mine.py"
    path.write_text(FUNCTION.format(answer="operation['value_name'] == 'Answer'"))
    run = live_regcb(engine, DEFAULT_SCRIPT, "who-blocks", KEY, "--python", path)
    assert (run.status, run.errors) == (0, "")
    assert "RegNtPreSetValueKey" in run.output
    assert run.left_nothing()


def test_a_function_of_the_users_ends_a_trace(engine: Engine, tmp_path: Path) -> None:
    path, log = tmp_path / "mine.py", tmp_path / "trace.jsonl"
    path.write_text(FUNCTION.format(answer="len(seen) == 3"))
    run = live_regcb(engine, DEFAULT_SCRIPT, "trace", "--python", path, "--jsonl", log)
    assert (run.status, run.errors) == (0, "")
    assert len(operations(log)) == 3
    assert run.left_nothing()


def test_an_exception_of_the_users_code_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FUNCTION.format(answer="operation['nothing']"))
    run = live_regcb(engine, DEFAULT_SCRIPT, "trace", "--python", path)
    assert run.status == 2
    assert run.errors.startswith("regcb: ")
    assert run.errors.endswith("mine.py:6: KeyError: 'nothing'\n")
    assert run.left_nothing()


def test_a_driver_that_is_loaded_again(engine: Engine) -> None:
    """Its return instruction has no breakpoint any more: memory that a driver has left may be
    another's. So it is stopped behind its call."""
    (work,) = DEFAULT_SCRIPT.work
    name = "regprotect.sys"
    loads = [Operation("unload-driver", name=name), Operation("load-driver", name=name)]
    script = DEFAULT_SCRIPT._replace(
        work=(work._replace(operations=(*loads, work.operations[-1]), rounds=1),)
    )
    found = stopped(engine, script, "--value", "Answer")
    assert found["output"].startswith("regprotect.sys blocks it: STATUS_ACCESS_DENIED")
    assert "stopped behind its call, in the kernel" in found["output"]
    assert (found["breakpoints"], found["left"]) == ([], "")
