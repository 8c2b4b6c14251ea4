"""Who it was, where it is no callback that refuses, in the real engine."""

from __future__ import annotations

import pytest

from tests.lab.kd.script import LAB_DRIVERS, WRITE_DAC, Act, Actor, Operation, Script
from tests.lab.kd.scripts import DEFAULT_SCRIPT

from .engine import Engine
from .live_command import LiveRun, live_regcb

SOFTWARE = "\\REGISTRY\\MACHINE\\SOFTWARE"
EXAMPLE = f"{SOFTWARE}\\Example"
PRE_SET, POST_SET = 1, 16
BYPASS = 0xC0000503
SET_ONE, SET_NONE = (Operation("set-value", EXAMPLE, "Volume", data) for data in (b"\1", b"\0"))
(REGEDIT,) = DEFAULT_SCRIPT.work
SERVICE = REGEDIT._replace(process="services.exe", process_id=0x2AC, thread_id=0x2B0)


def script(operation: Operation, *acts: Act) -> Script:
    work = (REGEDIT._replace(operations=(operation,)),)
    return Script(work, (*LAB_DRIVERS, "stage.sys"), (Actor("200000", acts),))


def who_blocks(engine: Engine, what: Script, *words: str) -> LiveRun:
    run = live_regcb(engine, what, "who-blocks", "HKLM\\SOFTWARE\\Example", *words)
    assert run.errors == ""
    assert run.left_nothing()
    return run


def test_a_callback_that_takes_it_over(engine: Engine) -> None:
    run = who_blocks(engine, script(SET_ONE, Act("return", PRE_SET, BYPASS)))
    assert run.status == 0
    assert run.output.startswith("stage.sys takes it over (STATUS_CALLBACK_BYPASS)")
    assert "STATUS_SUCCESS: done by stage!StageCallback0" in run.output


def test_the_kernel_itself(engine: Engine) -> None:
    """Not looked for without being told to: it costs a stop for every operation."""
    opens = script(Operation("open", SOFTWARE, "Example", access=WRITE_DAC))
    fast = who_blocks(engine, opens, "--for", "2")
    assert (fast.status, fast.counts["stop"]) == (1, 1)
    assert "! not looked at: what the kernel itself refuses" in fast.output
    run = who_blocks(engine, opens, "--thorough")
    assert run.status == 0
    first, second, *_ = run.output.splitlines()
    assert first == "no callback refused it; the kernel did, 3 times: STATUS_ACCESS_DENIED"
    assert second.startswith("  ! the key's security descriptor is not known: nothing was done to")


def test_whom_the_kernel_lets_do_what(engine: Engine) -> None:
    """Known of a key that somebody has open."""
    opens = Operation("open", SOFTWARE, "Example", access=WRITE_DAC)
    what = script(opens)
    work = what.work[0]._replace(operations=(Operation("query-key", EXAMPLE), opens))
    run = who_blocks(engine, what._replace(work=(work,)), "--thorough")
    assert run.status == 0
    assert run.output.splitlines()[1:6] == [
        "  the key's security descriptor:",
        "    owned by Administrators",
        "    allows SYSTEM: KEY_ALL_ACCESS",
        "    allows Administrators: KEY_ALL_ACCESS",
        "    allows Users: KEY_READ",
    ]


@pytest.mark.parametrize("is_callback", [False, True], ids=["process", "callback"])
def test_a_value_that_is_changed_after_it_was_written(engine: Engine, is_callback: bool) -> None:
    what = script(SET_ONE)
    said = "changed afterwards, by "
    if is_callback:
        what = script(SET_ONE, Act("perform", POST_SET, operations=(SET_NONE,)))
        said = "by stage!StageCallback0 (stage.sys), in regedit.exe"
    else:
        what = what._replace(work=(*what.work, SERVICE._replace(operations=(SET_NONE,))))
    run = who_blocks(engine, what, "--thorough")
    assert run.status == 0
    first = run.output.splitlines()[0]
    assert first.startswith("nothing was refused, but the value was changed")
    assert said in first
