"""trace and who-blocks in the real engine, against a kernel that does what a script says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab.kd.script import LAB_DRIVERS, Act, Actor
from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from . import two_processors
from .engine import INSIDE, Engine
from .live import live_target
from .live_command import LiveRun, is_cheap, live_regcb, operations
from .ntoseye import Ntoseye

LAB = ["oldfilt.sys", "netmon.sys", "avfilter.sys", "regprotect.sys"]  # in calling order
PRE_SET, POST_SET = 1, 16
SOFTWARE = "\\REGISTRY\\MACHINE\\SOFTWARE"


def followed(
    engine: Engine | Ntoseye, folder: Path, script: str, *words: str
) -> tuple[LiveRun, list[dict[str, Any]]]:
    """With the verdict of every callback."""
    return traced(engine, folder, script, "--each", *words)


def traced(
    engine: Engine | Ntoseye, folder: Path, script: str, *words: str
) -> tuple[LiveRun, list[dict[str, Any]]]:
    log = folder / "trace.jsonl"
    run = live_regcb(engine, SCRIPTS[script], "trace", "--jsonl", log, *words)
    assert (run.status, run.errors) == (0, "")
    assert run.left_nothing()
    return run, list(operations(log))


def phases(operation: dict[str, Any], phase: str) -> list[str]:
    return [each["owner"] for each in operation["verdicts"] if each["phase"] == phase]


def summary(operation: dict[str, Any]) -> tuple[str, str, str | None]:
    blocked = operation["blocked_by"]
    return (
        operation["class"]["name"],
        operation["keys"][0]["path"].removeprefix(SOFTWARE),
        blocked["owner"] if blocked else None,
    )


def test_every_operation_with_every_verdict(either: Engine | Ntoseye, tmp_path: Path) -> None:
    run, found = followed(either, tmp_path, "default", "--count", "5")
    assert is_cheap(run, either, "trace --each --count 5")
    assert [summary(each) for each in found] == [
        ("RegNtPreCreateKeyEx", "\\Example\\Settings", None),
        ("RegNtPreSetValueKey", "\\Example", None),
        ("RegNtPreOpenKeyEx", "\\RegProtect", None),
        ("RegNtPreOpenKeyEx", "\\RegProtect", "regprotect.sys"),
        ("RegNtPreSetValueKey", "\\RegProtect", "regprotect.sys"),
    ]
    for each in found:
        assert phases(each, "pre") == LAB
        assert phases(each, "post") == LAB[::-1][each["blocked_by"] is not None :]
        assert each["is_over"]
        assert each["inside"] == []
        assert each["process"]["name"] == "regedit.exe"
        assert (each["process"]["id"], each["thread"]["id"]) == (0x1A3C, 0x1A40)
    assert [each["result"]["name"] for each in found] == [
        *["STATUS_SUCCESS"] * 3,
        *["STATUS_ACCESS_DENIED"] * 2,
    ]
    assert (found[1]["value_name"], found[1]["value"]["data"]) == ("Volume", "2a000000")


FILTERS = {
    "class": (["--class", "SetValueKey"], {("RegNtPreSetValueKey", "\\Example")}),
    "post-class": (["--class", "PostCreateKeyEx"],
                   {("RegNtPreCreateKeyEx", "\\Example\\Settings")}),
    "key": (["--key", "hklm\\software\\regprot*", "--class", "1"],
            {("RegNtPreSetValueKey", "\\RegProtect")}),
    "value": (["--value", "vol*"], {("RegNtPreSetValueKey", "\\Example")}),
    "blocked": (["--only-blocked", "--process", "regedit.exe"],
                {("RegNtPreOpenKeyEx", "\\RegProtect")}),
    "owner": (["--owner", "netmon", "--process", "6716"],
              {("RegNtPreCreateKeyEx", "\\Example\\Settings")}),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_filters(engine: Engine, tmp_path: Path, name: str) -> None:
    words, expected = FILTERS[name]
    _, found = traced(engine, tmp_path, "default", "--count", "1", *words)
    assert {summary(each)[:2] for each in found} == expected


def test_nothing_fits(engine: Engine, tmp_path: Path) -> None:
    run, found = traced(engine, tmp_path, "default", "--process", "nobody.exe", "--for", "2")
    assert found == []
    assert re.match(r"0 operations(, \d+ did not fit)?; the time is over", run.output)


@pytest.mark.parametrize("words", [[], ["--only-blocked"]], ids=["all", "blocked"])
def test_a_refusal_that_became_a_success(
    either: Engine | Ntoseye, tmp_path: Path, words: list[str]
) -> None:
    _, (found,) = traced(either, tmp_path, "overruled", "--count", "1", *words)
    assert found["result"]["name"] == "STATUS_SUCCESS"
    assert found["blocked_by"]["owner"] == "regprotect.sys"
    assert found["turned_by"]["owner"] == "stage.sys"


def test_operations_of_callbacks_are_nested(either: Engine | Ntoseye, tmp_path: Path) -> None:
    """A callback's own operations are seen by those below it alone."""
    _, found = followed(either, tmp_path, "nested", "--count", "12")
    asked = {tuple(one["altitude"] for one in each["inside"]) for each in found}
    high, middle, low = "200020", "200010", "200000"  # see SCRIPTS["nested"]
    assert asked == {(), (high,), (middle, high), (low, middle, high), (low,)}
    for each in found:
        assert each["is_over"]
        if each["inside"]:
            around = float(each["inside"][0]["altitude"])
            assert all(float(one["altitude"]) < around for one in each["verdicts"])
        elif phases(each, "pre")[0] == LAB[0]:
            assert phases(each, "pre") == phases(each, "post")[::-1]


def test_two_processors(engine: Engine, tmp_path: Path) -> None:
    _, found = followed(engine, tmp_path, "processors", "--count", "8")
    assert {each["process"]["name"] for each in found} == {"regedit.exe", "services.exe"}
    for each in found:
        assert each["is_over"]
        assert phases(each, "pre") == phases(each, "post")[::-1]
        assert len(phases(each, "pre")) == 5


@pytest.mark.parametrize("words", [[], ["--each"]], ids=["ends", "each"])
def test_nothing_is_lost_on_another_processor(
    engine: Engine, tmp_path: Path, words: list[str]
) -> None:
    """A breakpoint that is taken out for a step would not see it. More: two_processors.py."""
    found = two_processors.traced(engine, tmp_path, 60, *words)
    assert (found.run.status, found.run.errors) == (0, "")
    assert found.run.left_nothing()
    assert found.seen == {0x1A40: 30, 0x2B0: 30}
    assert found.odd == 0


def test_no_refusal_is_lost_on_another_processor(engine: Engine, tmp_path: Path) -> None:
    """Nor the end of one, for which a breakpoint comes and goes."""
    found = two_processors.refused(engine, tmp_path, 60)
    assert (found.run.status, found.run.errors) == (0, "")
    assert found.run.left_nothing()
    assert found.seen == {0x1A40: 30, 0x2B0: 30}
    assert found.odd == 0


def test_callbacks_and_drivers_that_come_and_go(engine: Engine, tmp_path: Path) -> None:
    _, found = followed(engine, tmp_path, "coming-and-going", "--count", "7")
    numbers = [len(phases(each, "pre")) for each in found]
    assert {5, 6, 4} <= set(numbers)
    for each in found:
        assert each["is_over"]
        assert phases(each, "pre") == phases(each, "post")[::-1]
        assert all(each["owner"] for each in each["verdicts"])


def test_a_thread_that_ends_in_a_callback(engine: Engine, tmp_path: Path) -> None:
    _, found = followed(engine, tmp_path, "dying", "--count", "4")
    over = [each for each in found if each["is_over"]]
    assert len(over) >= 3
    assert {each["process"]["name"] for each in over} == {"services.exe"}
    # What the thread has left open is told, without an end, once seconds have gone by.
    left = [each for each in found if not each["is_over"]]
    assert all((each["process"]["name"], each["result"]) == ("regedit.exe", None) for each in left)


def test_control_flow_guard(engine: Engine, tmp_path: Path) -> None:
    _, found = followed(engine, tmp_path, "guarded", "--count", "2")
    assert [phases(each, "pre") for each in found] == [LAB, LAB]


def test_who_blocks(either: Engine | Ntoseye) -> None:
    run = live_regcb(
        either, DEFAULT_SCRIPT, "who-blocks", "HKLM\\SOFTWARE\\RegProtect", "--value", "Answer"
    )
    assert (run.status, run.errors) == (0, "")
    assert is_cheap(run, either, "who-blocks")
    assert run.left_nothing()
    lines = run.output.splitlines()
    assert lines[0] == "regprotect.sys blocks it: STATUS_ACCESS_DENIED (0xc0000022)"
    assert "regprotect!RegisterCallback" in lines[1]
    assert lines[2].split() == ["altitude", "140000"]
    assert "  RegNtPreSetValueKey" in run.output
    stack = [line.strip() for line in lines[lines.index("call stack:") + 1 :]]
    assert any(line.startswith("nt!NtSetValueKey") for line in stack)
    place = stack.index("ntdll+0x2014")  # in user mode: from where to where, as the PEB names it
    assert stack[place - 1].startswith("nt!KiStartUserThread")
    if not isinstance(either, Ntoseye):  # which wants an image with unwind data there
        assert stack[place + 1] == "regedit+0x1010"


def test_who_blocks_nobody(engine: Engine) -> None:
    key = "HKLM:\\SOFTWARE\\\\RegProtekt\\"
    words = ("round", "who-blocks", key)
    run = live_regcb(engine, DEFAULT_SCRIPT, *words, inside="live_interrupted.py")
    assert run.status == 1
    assert run.output.startswith(f"nothing was refused of {key}")
    assert run.output.splitlines()[1:3] == [
        "! nothing yet for \\REGISTRY\\MACHINE\\SOFTWARE\\RegProtekt; the nearest keys were:",
        "!   \\REGISTRY\\MACHINE\\SOFTWARE\\RegProtect",
    ]
    assert run.left_nothing()


def test_nothing_refused_costs_nothing(engine: Engine) -> None:
    """The one stop is the user's."""
    nothing = DEFAULT_SCRIPT.work[0]._replace(operations=DEFAULT_SCRIPT.work[0].operations[:3])
    script = DEFAULT_SCRIPT._replace(work=(nothing,))
    words = ("round", "trace", "--only-blocked")
    run = live_regcb(engine, script, *words, inside="live_interrupted.py")
    assert run.counts["stop"] == 1
    assert run.left_nothing()
    (thread,) = run.state["operations"]
    assert all(each["count"] for each in thread)


def test_a_success_that_a_post_makes_a_failure(either: Engine | Ntoseye, tmp_path: Path) -> None:
    overruled = SCRIPTS["overruled"]
    act = Act("overrule", POST_SET, 0xC000007F)
    script = overruled._replace(
        drivers=(*LAB_DRIVERS[:3], "stage.sys"), actors=(Actor("200000", (act,)),)
    )
    log = tmp_path / "trace.jsonl"
    run = live_regcb(either, script, "trace", "--only-blocked", "--jsonl", log, "--count", "1")
    assert run.left_nothing()
    assert log.read_bytes().startswith(b'{"schema": "regcb.operation/')  # what a log is known by
    (found,) = operations(log)
    assert found["result"]["name"] == "STATUS_DISK_FULL"
    assert found["blocked_by"]["owner"] == "stage.sys"
    assert found["turned_by"] is None


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["trace"], 0, "0 operations; the time is over"),
        (["who-blocks", "HKLM\\SOFTWARE"], 1, "nothing was refused of HKLM\\SOFTWARE"),
    ],
    ids=["trace", "who-blocks"],
)
def test_no_callbacks(engine: Engine, command: list[str], status: int, said: str) -> None:
    script = DEFAULT_SCRIPT._replace(drivers=())
    run = live_regcb(engine, script, *command, "--for", "2")
    assert (run.status, run.errors) == (status, "")
    assert "! no callbacks are registered" in run.output
    assert said in run.output
    assert run.left_nothing()


def test_a_time_that_is_over_while_nothing_happens(either: Engine | Ntoseye) -> None:
    """No breakpoint is hit then: the target is broken into."""
    script = DEFAULT_SCRIPT._replace(drivers=())
    run = live_regcb(either, script, "watch", "--for", "1")
    assert (run.status, run.errors) == (0, "")
    assert "0 registered or removed; the time is over" in run.output
    assert run.left_nothing()


def test_the_thread_says_which_callback_it_was(engine: Engine) -> None:
    """Where no register or stack slot does."""
    with live_target() as target:
        done = target.run(engine, INSIDE / "live_without_block.py")
    assert done.returncode == 0, done.stderr
    down_and_up = [*LAB, *LAB[::-1]]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found[:3] == [down_and_up] * 3
    assert found[3:] == [[*LAB, *LAB[2::-1]]] * 2


def test_what_did_not_fit_is_counted(either: Engine | Ntoseye, tmp_path: Path) -> None:
    """The fifth operation is the first that fits."""
    run, _ = traced(either, tmp_path, "default", "--value", "Answer", "--count", "1")
    assert run.output.startswith("1 operation, 4 did not fit; that was enough")


def test_the_users_debug_registers_are_theirs(engine: Engine) -> None:
    """The engine takes more than four such breakpoints, and then does not go on."""
    run = live_regcb(
        engine, DEFAULT_SCRIPT, "trace", "--count", "2", inside="live_debug_registers.py"
    )
    assert (run.status, run.errors) == (0, "")
    assert run.output.splitlines()[-1].startswith("2 operations; that was enough")
    theirs = [f"nt!NtFlushKey+{number:#x}" for number in range(1, 5)]
    assert run.engine_breakpoints == [*theirs, "nt!NtFlushKey"]
