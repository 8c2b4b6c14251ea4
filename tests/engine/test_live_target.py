"""The live lab under the real engine: it attaches, stops, reads, writes and goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .engine import INSIDE, Engine
from .live import LISTED, listed, live_target


@pytest.fixture(scope="module")
def session(engine: Engine) -> dict[str, Any]:
    with live_target() as target:
        done = target.run(engine, INSIDE / "live_session.py")
        assert done.returncode == 0, done.stderr
        answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        answers["has_ended"] = target.has_ended()
        return answers


def test_attaches_to_a_stopped_kernel_with_its_modules(session: dict[str, Any]) -> None:
    assert session["first_stop"].startswith("nt!KiIdleLoop")
    assert session["modules"] == ["avfilter", "netmon", "nt", "oldfilt", "regprotect"]


@pytest.mark.parametrize("kind", ["software", "hardware"])
def test_breakpoints_call_python(session: dict[str, Any], kind: str) -> None:
    classes = session[kind]
    assert len(classes) == 4
    assert set(classes) <= {1, 16, 26, 27, 28, 29}


def test_the_stack_leads_to_who_asked(session: dict[str, Any]) -> None:
    assert session["stopped_at"] == "regprotect!RegisterCallback"
    frames = [line.split()[-1].partition("+")[0] for line in session["stack"].splitlines()[1:]]
    assert frames[:2] == ["regprotect!RegisterCallback", "nt!CmpCallCallBacksEx"]
    assert frames[-5:-2] == [
        "nt!KiSystemServiceCopyEnd", "nt!PspUserThreadStartup", "nt!KiStartUserThread",
    ]  # fmt: skip
    assert all(each.startswith("0x00007ff") for each in frames[-2:])  # in user mode


def test_registers_and_memory_are_written(session: dict[str, Any]) -> None:
    assert session["register"] == 0x1122334455667788
    assert session["memory"] == [4, 77]


def test_registers_are_changed_together_or_not_at_all(session: dict[str, Any]) -> None:
    before, after = session["refused"]
    assert before == after


def test_a_step_is_one_instruction(session: dict[str, Any]) -> None:
    assert session["step"].startswith("regprotect!RegisterCallback+")


def test_a_break_in_stops_it(session: dict[str, Any]) -> None:
    assert session["broke_in"]


def test_searching(session: dict[str, Any]) -> None:
    assert "4.2.5.0.0.0" in session["search"]


def test_no_breakpoint_is_left_and_the_target_ends_with_the_engine(session: dict[str, Any]) -> None:
    assert session["breakpoints"] == ""
    assert session["has_ended"]


def test_the_target_says_what_callers_got(session: dict[str, Any]) -> None:
    (operations,) = session["state"]["operations"]
    assert [(each["kind"], each["status"]) for each in operations] == [
        ("create", 0),
        ("set-value", 0),
        ("open", 0),
        ("open", 0xC0000022),
        ("set-value", 0xC0000022),
    ]
    assert session["state"]["breakpoints"] == session["state"]["hardware"] == []


def test_list_is_the_truth(engine: Engine) -> None:
    with live_target() as target:
        done = target.regcb(engine, "list", "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout[done.stdout.index("{") :])
        assert (document["target"]["kind"], document["target"]["callback_count"]) == ("kernel", 4)
        found = [{name: each[name] for name in LISTED} for each in document["callbacks"]]
        assert found == [listed(each) for each in target.callbacks]


def test_decode_at_a_breakpoint(engine: Engine) -> None:
    with live_target() as target:
        done = target.run(engine, INSIDE / "live_decode.py")
    assert done.returncode == 0, done.stderr
    first, told, asked = done.stdout.splitlines()[:3]
    key = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
    assert first == f"RegNtPreSetValueKey  {key}  value 'Volume' = REG_DWORD 0x2a (42)"
    assert told == "told to regprotect!RegisterCallback, altitude 140000"
    assert asked == "asked by regedit.exe (process 6716, thread 6720) from user mode"
