"""The live commands on x86: arguments on the stack, callbacks that take them off, addresses that
the engine sign-extends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from .engine import Engine
from .live_command import LiveRun, live_regcb, operations
from .recorded import differences, expected

DENIED = 0xC0000022
LAB = ["oldfilt.sys", "netmon.sys", "avfilter.sys", "regprotect.sys"]  # in calling order
ALLOW = ["keys = ['HKLM\\SOFTWARE\\RegProtect']", "action = 'allow'"]
DENY = ["processes = ['services.exe']", "action = 'deny'"]


def on_x86(engine: Engine, script: str, *words: str | Path, profile: str = "x86-19041") -> LiveRun:
    run = live_regcb(engine, SCRIPTS[script], *words, profile=profile)
    assert (run.status, run.errors) == (0, "")
    assert run.left_nothing()
    return run


def policy(folder: Path, lines: list[str]) -> Path:
    path = folder / "policy.toml"
    path.write_text("\n".join(["[[rule]]", *lines]), encoding="utf-8")
    return path


# In the last two shapes the calls are found, with other code around them; 7 calls as its build did.
TRACED = {
    "ends": ("default", "x86-19041", []),
    "7-each": ("default", "x86-7601", ["--each"]),
    "7-ends": ("default", "x86-7601", []),
    "vista": ("default", "x86-6002", []),
    "devirtualised": ("devirtualised", "x86-19041", ["--each"]),
    "cold": ("cold", "x86-19041", ["--each"]),
}


@pytest.mark.parametrize("name", TRACED)
def test_every_operation(engine: Engine, tmp_path: Path, name: str) -> None:
    script, profile, words = TRACED[name]
    log = tmp_path / "trace.jsonl"
    run = on_x86(engine, script, "trace", "--count", "6", "--jsonl", log, *words, profile=profile)
    assert "NOT SEEN" not in run.output
    found = operations(log)[:5]  # the sixth is the first again: all of these are done
    results = [int(each["result"]["value"], 16) for each in found]
    (thread,) = run.state["operations"]
    assert results == [each["status"] for each in thread]
    refused = [each for each, result in zip(found, results) if result == DENIED]
    assert {each["blocked_by"]["owner"] for each in refused} == {"regprotect.sys"}
    for each in found:
        assert (each["process"]["id"], each["thread"]["id"]) == (0x1A3C, 0x1A40)
        before, after = (
            [one["owner"] for one in each["verdicts"] if one["phase"] == phase]
            for phase in ("pre", "post")
        )
        assert not words or before == LAB
        assert not words or after == LAB[::-1][each in refused :]


def test_what_a_real_7_was_asked(engine: Engine, tmp_path: Path) -> None:
    """The lab's does what that one did, and trace says it (by hand: of the real one, too)."""
    log = tmp_path / "trace.jsonl"
    words = ("trace", "--each", "--count", str(len(expected())), "--jsonl", log)
    on_x86(engine, "recorded", *words, profile="x86-7601")
    assert differences(operations(log)) == []


def test_who_blocks(engine: Engine) -> None:
    key = "HKLM\\SOFTWARE\\RegProtect"
    run = on_x86(engine, "default", "who-blocks", key, "--value", "Answer")
    assert run.output.startswith("regprotect.sys blocks it: STATUS_ACCESS_DENIED (0xc0000022)")
    assert "\n  nt!NtSetValueKey" in run.output


@pytest.mark.parametrize("words", [[], ["--after"]], ids=["before", "after"])
def test_guard(engine: Engine, tmp_path: Path, words: list[str]) -> None:
    """By ``ret 0Ch`` in place of the body, or by what it returns."""
    rule = policy(tmp_path, ALLOW)
    run = on_x86(engine, "default", "guard", rule, "--at", "regprotect", "--count", "4", *words)
    (thread,) = run.state["operations"]
    assert [each["status"] for each in thread] == [0] * 5


def test_nothing_passes_on_another_processor(engine: Engine, tmp_path: Path) -> None:
    """The ``push ebp`` that the breakpoint lies on is done for the processor."""
    rule = policy(tmp_path, DENY)
    run = on_x86(engine, "running-on", "guard", rule, "--at", "425000", "--count", "20")
    _, services = run.state["operations"]
    assert services[0]["count"] >= 15
    assert run.output.count("=> denied") >= services[0]["count"]
    assert "! nothing is airtight here" not in run.output


def test_watch(engine: Engine) -> None:
    """On x86 a cookie is given in two words."""
    run = on_x86(engine, "coming-and-going", "watch", "--count", "4", profile="x86-7601")
    happened = [line.split("  ", 1)[1] for line in run.output.splitlines() if "istered: " in line]
    assert happened == [
        "registered: stage!StageCallback1 (stage.sys)",
        "unregistered: stage!StageCallback1 (stage.sys)",
        "unregistered: netmon!NetMonRegFilter (netmon.sys)",
        "registered: netmon!NetMonRegFilter (netmon.sys)",
    ]
    assert run.output.count("  altitude 200010  ") == 2


def test_watch_without_symbols(engine: Engine, tmp_path: Path) -> None:
    """The driver's own frame is the first, though nothing tells how to walk the kernel's."""
    script = SCRIPTS["coming-and-going"]
    run = live_regcb(
        engine, script, "watch", "--count", "2", symbols=tmp_path, profile="x86-7601"
    )  # fmt: skip
    assert (run.status, run.errors) == (0, "")
    behind = [text.splitlines()[3] for text in run.output.split("istered: ")[1:]]
    assert [each.split("+")[0] for each in behind] == ["    stage", "    stage"]


def test_it_is_left_in_the_callback_that_refuses(engine: Engine) -> None:
    run = live_regcb(
        engine, DEFAULT_SCRIPT, "who-blocks", "HKLM\\SOFTWARE\\RegProtect", "--stop",
        profile="x86-19041",
    )  # fmt: skip
    assert (run.status, run.errors) == (0, "")
    assert run.output.startswith("regprotect.sys blocks it: STATUS_ACCESS_DENIED (0xc0000022)")
