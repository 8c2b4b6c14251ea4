"""guard and watch in the real engine: what the target's callers get, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.kd.script import LAB_DRIVERS, Act, Actor, Operation, Script, Work
from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from . import two_processors
from .engine import Engine
from .live_command import LiveRun, is_cheap, live_regcb
from .ntoseye import Ntoseye

SAMPLE = Path(__file__).parents[2] / "samples" / "policies" / "protect_regprotect.toml"
DENIED = 0xC0000022
# Nothing is done without a guard, where the target goes on at the end.
TWICE = DEFAULT_SCRIPT._replace(work=(DEFAULT_SCRIPT.work[0]._replace(rounds=2),))


def policy(folder: Path, *lines: str) -> Path:
    path = folder / "policy.toml"
    path.write_text("\n".join(["[[rule]]", *lines]), encoding="utf-8")
    return path


def results(run: LiveRun) -> list[tuple[str, int]]:
    """What the callers of the only thread got, of operations that were done."""
    (thread,) = run.state["operations"]
    return [(each["kind"], each["status"]) for each in thread if each["count"]]


def guarded(
    engine: Engine | Ntoseye, path: Path, *words: str, script: Any = DEFAULT_SCRIPT
) -> LiveRun:
    run = live_regcb(engine, script, "guard", path, *words)
    assert (run.status, run.errors) == (0, "")
    assert run.left_nothing()
    return run


def test_deny_with_any_status(either: Engine | Ntoseye, tmp_path: Path) -> None:
    rule = policy(
        tmp_path, "classes = ['SetValueKey']", "values = ['Volume']", "action = 'deny'",
        "status = 'STATUS_DISK_FULL'",
    )  # fmt: skip
    run = guarded(either, rule, "--count", "2", script=TWICE)
    assert is_cheap(run, either, "guard --count 2")
    assert ("set-value", 0xC000007F) in results(run)
    assert "=> denied: STATUS_DISK_FULL" in run.output


@pytest.mark.parametrize("when", ["before", "after"])
def test_allow_in_place_of_the_protecting_driver(
    either: Engine | Ntoseye, tmp_path: Path, when: str
) -> None:
    """regprotect refuses two of its three operations; the policy lets them through."""
    rule = policy(tmp_path, "keys = ['HKLM\\SOFTWARE\\RegProtect']", "action = 'allow'")
    words = ["--after"] if when == "after" else []
    run = guarded(either, rule, "--at", "regprotect", "--count", "6", *words, script=TWICE)
    assert [status for _, status in results(run)] == [0] * 5
    said = "the callback itself said STATUS_ACCESS_DENIED"
    assert (said in run.output) == (when == "after")


def test_bypass(engine: Engine, tmp_path: Path) -> None:
    """The caller hears of success, and the callbacks below hear nothing."""
    rule = policy(tmp_path, "classes = ['SetValueKey']", "action = 'bypass'")
    run = guarded(engine, rule, "--at", "425000", "--count", "3")
    assert ("set-value", DENIED) not in results(run)


# What the body of a callback returns, in turn, and what rules want, by the name of the value.
BODIES = {"success": 0, "failure": 0xC0000001, "bypass": 0xC0000503}
WANTED = {"allow": 0, "deny": 0xC000007F, "bypass": 0xC0000503, "log": None}


def pairs_script() -> Script:
    """The body takes a context before and gives it back after; every value is set once by each rule
    for each of its verdicts, and then the user's breakpoint is hit."""
    acts = [Act("context", 1), Act("context", 16)]
    acts += (Act("return", 1, status, times=len(WANTED)) for status in BODIES.values())
    key = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
    sets = [Operation("set-value", key, rule, bytes(4)) for _ in BODIES for rule in WANTED]
    work = Work("regedit.exe", 0x1A3C, 0x1A40, (*sets, Operation("flush", key)), rounds=1)
    return Script((work,), (*LAB_DRIVERS, "stage.sys"), (Actor("200000", tuple(acts)),))


def pairs_policy(folder: Path) -> Path:
    rules = [
        f"[[rule]]\nclasses = ['SetValueKey']\nvalues = ['{action}']\naction = '{action}'"
        + ("\nstatus = 'STATUS_DISK_FULL'" if action == "deny" else "")
        for action in WANTED
    ]
    path = folder / "pairs.toml"
    path.write_text("\n".join(rules), encoding="utf-8")
    return path


def got(own: int | None, wanted: int | None) -> int:
    """What the caller gets: nobody else refuses, and a bypass is a success."""
    status = own if wanted is None or own == 0xC0000503 else wanted
    return 0 if status in (None, 0xC0000503) else status


def test_untouched(engine: Engine) -> None:
    """What the others are held against."""
    run = live_regcb(engine, pairs_script(), "trace", "--class", "PreFlushKey")
    assert [status for kind, status in results(run) if kind == "set-value"] == [
        got(own, None) for own in BODIES.values() for _ in WANTED
    ]
    assert balance(run) == (4, 0, {})


def balance(run: LiveRun) -> tuple[int, int, dict[str, int]]:
    """Ends that the body was told of with a context and without, and what was never freed."""
    state = run.state
    assert set(state["uses"]) == {0}
    left = {tag: count for tag, count in state["pool"].items() if tag in ("CMci", "StgC")}
    return state["posts"], state["orphans"], left


def test_pre_and_post_stay_in_pair_when_the_body_is_asked(engine: Engine, tmp_path: Path) -> None:
    """Four times the body has a success: it is told of every end, by the kernel or by guard."""
    path = pairs_policy(tmp_path)
    run = guarded(engine, path, "--at", "200000", "--after", script=pairs_script())
    assert [status for kind, status in results(run) if kind == "set-value"] == [
        got(own, wanted) for own in BODIES.values() for wanted in WANTED.values()
    ]
    assert balance(run) == (4, 0, {})
    assert run.output.count("it was told of the end") == 2
    assert run.output.count("it will not be told of the end") == 1
    assert run.output.count("=> not ") == 2
    assert "! its own verdict stands: it has done the operation itself" in run.output


def test_pre_and_post_stay_in_pair_in_place_of_the_body(engine: Engine, tmp_path: Path) -> None:
    """The body runs for the operations that are only logged, and has a success for each."""
    path = pairs_policy(tmp_path)
    run = guarded(engine, path, "--at", "200000", script=pairs_script())
    assert [status for kind, status in results(run) if kind == "set-value"] == [
        got(None, wanted) for _ in BODIES for wanted in WANTED.values()
    ]
    assert balance(run) == (3, 0, {})


def test_what_was_begun_is_ended_before_it_stops(engine: Engine, tmp_path: Path) -> None:
    """The last decision allows: what comes after it is still kept from the body."""
    path = pairs_policy(tmp_path)
    run = guarded(engine, path, "--at", "200000", "--count", "1", script=pairs_script())
    assert (run.state["posts"], run.state["orphans"]) == (0, 0)
    assert run.state["uses"] == [1, 1, 1, 1, 0]  # those above have it before them


def test_nothing_passes_on_another_processor(engine: Engine, tmp_path: Path) -> None:
    """While one processor goes on from the breakpoint, the other comes to it."""
    found = two_processors.guarded(engine, tmp_path, 60)
    assert (found.run.status, found.run.errors) == (0, "")
    assert found.run.left_nothing()
    assert (found.denied, found.logged) == (30, 30)
    assert 29 <= found.passed <= 30  # those that were logged; the last may be under way
    assert "! nothing is airtight here" not in found.run.output


def reloading(*operations: Operation) -> Script:
    """A refused write between them, and the user's breakpoint at the end."""
    write = DEFAULT_SCRIPT.work[0].operations[-1]
    between = [each for operation in operations for each in (operation, write)]
    steps = (write, *between, Operation("flush", write.key))
    return DEFAULT_SCRIPT._replace(
        work=(Work("regedit.exe", 0x1A3C, 0x1A40, steps, rounds=1),),
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_driver_that_is_loaded_again(engine: Engine, tmp_path: Path, when: str) -> None:
    """While it is away nobody refuses what it would."""
    rule = policy(tmp_path, "action = 'deny'", "status = 'STATUS_DISK_FULL'")
    unload, load = (
        Operation(f"{what}-driver", name="regprotect.sys") for what in ("unload", "load")
    )
    words = ["--after"] if when == "after" else []
    run = guarded(engine, rule, "--at", "regprotect", *words, script=reloading(unload, load))
    sets = [status for kind, status in results(run) if kind == "set-value"]
    assert sets == [0xC000007F, 0, 0xC000007F]
    where = "regprotect!RegisterCallback (regprotect.sys)"
    said = run.output.splitlines()
    assert f"{where} was unregistered; waiting for it to be registered again" in said
    assert any(line.startswith(f"guarding at {where} again, ") for line in said)
    assert said[-1].startswith("2 decisions by 1 rule; a breakpoint of yours stopped it")


def test_a_driver_that_is_not_loaded_again(engine: Engine, tmp_path: Path) -> None:
    rule = policy(tmp_path, "action = 'deny'")
    unload = Operation("unload-driver", name="regprotect.sys")
    run = guarded(engine, rule, "--at", "regprotect", script=reloading(unload))
    assert "waiting for it to be registered again" in run.output
    assert run.output.splitlines()[-1].startswith("1 decision by 1 rule; a breakpoint of yours")


def test_a_dry_run_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    rule = policy(tmp_path, "action = 'deny'")
    run = guarded(engine, rule, "--dry-run", "--count", "6")
    assert [status for _, status in results(run)] == [0, 0, 0, DENIED, DENIED]
    assert "=> would be denied: STATUS_ACCESS_DENIED" in run.output


def test_rules_that_fit_nothing_are_told(engine: Engine) -> None:
    run = guarded(engine, SAMPLE, "--at", "regprotect", "--count", "3")
    assert "the system itself may do everything  (fitted nothing)" in run.output


def test_a_bad_policy_sets_nothing(engine: Engine, tmp_path: Path) -> None:
    run = live_regcb(
        engine, DEFAULT_SCRIPT, "guard", policy(tmp_path, "action = 'deny'", "statu = 1")
    )
    assert run.status == 2
    assert "policy.toml, line 3: 'statu' is not known: did you mean 'status'?" in run.errors
    assert run.counts.get("stop", 0) == 0
    assert run.left_nothing()


def test_watch(engine: Engine) -> None:
    run = live_regcb(engine, SCRIPTS["coming-and-going"], "watch", "--count", "4")
    assert (run.status, run.errors) == (0, "")
    assert run.left_nothing()
    happened = [line.split("  ", 1)[1] for line in run.output.splitlines() if "istered: " in line]
    assert happened == [
        "registered: stage!StageCallback1 (stage.sys)",
        "unregistered: stage!StageCallback1 (stage.sys)",
        "unregistered: netmon!NetMonRegFilter (netmon.sys)",
        "registered: netmon!NetMonRegFilter (netmon.sys)",
    ]
    assert "    netmon!DriverUnload+" in run.output


def test_watch_an_altitude_that_is_taken(engine: Engine) -> None:
    coming = SCRIPTS["coming-and-going"]
    register = Operation("register-callback", actor=1)
    script = coming._replace(
        work=(coming.work[0]._replace(operations=(register,)),),
        actors=(Actor("200000"), Actor("140000.0", at_load=False)),
    )
    run = live_regcb(engine, script, "watch", "--count", "1")
    assert run.left_nothing()
    assert "not registered, STATUS_FLT_INSTANCE_ALTITUDE_COLLISION: stage!" in run.output
    assert "  altitude 140000.0  " in run.output
    assert "altitude 140000 is taken by regprotect!RegisterCallback (regprotect.sys)" in run.output


COMMANDS: dict[str, list[str | Path]] = {
    "trace": ["trace"],
    "who-blocks": ["who-blocks", "HKLM\\SOFTWARE\\Nothing"],
    "guard": ["guard", SAMPLE, "--after"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_leaves_nothing(engine: Engine, name: str) -> None:
    run = live_regcb(engine, DEFAULT_SCRIPT, "busy", *COMMANDS[name], inside="live_interrupted.py")
    assert (run.status, run.errors) == (name == "who-blocks", "")
    assert "you stopped it" in run.output
    assert run.left_nothing()
    assert run.state["breakpoints"] == []


def test_ctrl_c_while_nothing_happens(engine: Engine) -> None:
    script = DEFAULT_SCRIPT._replace(drivers=())
    run = live_regcb(engine, script, "idle", "watch", inside="live_interrupted.py")
    assert (run.status, run.errors) == (0, "")
    assert "0 registered or removed; you stopped it" in run.output
    assert run.left_nothing()


@pytest.mark.parametrize("who", ["nobody", "bootstrapper"])
def test_ctrl_break_in_a_busy_target(engine: Engine, who: str) -> None:
    run = live_regcb(
        engine, DEFAULT_SCRIPT, "busy", who, "trace", inside="live_ctrl_break.py"
    )  # fmt: skip
    assert (run.status, run.errors) == (0, "")
    assert "; you stopped it" in run.output
    assert run.left_nothing()


def test_ctrl_break_while_nothing_happens(engine: Engine) -> None:
    script = DEFAULT_SCRIPT._replace(drivers=())
    run = live_regcb(engine, script, "idle", "bootstrapper", "watch", inside="live_ctrl_break.py")
    assert (run.status, run.errors) == (0, "")
    assert "0 registered or removed; you stopped it" in run.output
    assert run.left_nothing()


def test_a_full_disk_leaves_nothing(engine: Engine) -> None:
    run = live_regcb(engine, DEFAULT_SCRIPT, "trace", "--jsonl", Path("/dev/full"))
    assert run.status == 2
    assert "cannot be written" in run.errors
    assert run.left_nothing()


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601"])
def test_without_the_kernels_symbols(engine: Engine, tmp_path: Path, profile: str) -> None:
    """The first callback that is called is about to return to where all are called."""
    run = live_regcb(
        engine, DEFAULT_SCRIPT, "trace", "--only-blocked", "--count", "2", symbols=tmp_path,
        profile=profile,
    )  # fmt: skip
    assert "! no symbol names the function that calls callbacks" in run.output
    assert "was not found: every callback gets a breakpoint" not in run.output
    assert run.output.count("STATUS_ACCESS_DENIED: refused by") == 2
    assert (run.engine_breakpoints, run.state["breakpoints"]) == ([], [])


def test_where_the_calls_are_not_found(engine: Engine, tmp_path: Path) -> None:
    """A breakpoint at every callback then, and the same answer."""
    run = live_regcb(
        engine, DEFAULT_SCRIPT, "trace", "--only-blocked", "--count", "2", symbols=tmp_path,
        profile="x86-19041",
    )  # fmt: skip
    assert "! the call in nt!CmpCallCallBacksEx was not found: every callback" in run.output
    assert run.output.count("STATUS_ACCESS_DENIED: refused by") == 2
    assert (run.engine_breakpoints, run.state["breakpoints"]) == ([], [])


def test_nobody_calls_a_callback(engine: Engine, tmp_path: Path) -> None:
    flush = Operation("print", name="nothing else")
    script = DEFAULT_SCRIPT._replace(work=(DEFAULT_SCRIPT.work[0]._replace(operations=(flush,)),))
    run = live_regcb(engine, script, "trace", "--for", "2", symbols=tmp_path)
    assert run.status == 0
    assert "0 operations; the time is over" in run.output
    assert (run.engine_breakpoints, run.state["breakpoints"]) == ([], [])
