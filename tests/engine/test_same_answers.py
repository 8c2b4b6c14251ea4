"""regcb says the same through pykd and without it, about sound dumps and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import PROFILES, Truth, make_dump
from tests.lab.damages import DAMAGES

from .both_ways import both_ways, disagreements
from .engine import Engine

DUMP_TYPES = (1, 2, 5)
COMMANDS = (("list", "--json"), ("show", "0", "--json"), ("show", "2", "--json"))

# One of every layout: list and vector, 32 and 64 bits, with flags and without, ARM64.
DAMAGED_PROFILES = ("x64-3790", "x64-6000", "x64-19041", "x86-2600", "x86-7601", "arm64-22621")


# What is damaged is the callback in the middle.
OF_THE_DAMAGED = (("list", "--json"), ("show", "2", "--json"))


def make_damaged(folder: Path, profile: str) -> dict[str, Truth]:
    """A dump for every damage that the profile can have."""
    truths = {}
    for damage in DAMAGES:
        try:
            truths[damage] = make_dump(folder / f"{damage}.dmp", profile, damage=[damage])
        except ValueError:  # XP has no altitudes to damage
            continue
    return truths


@pytest.mark.parametrize("profile", PROFILES)
def test_sound_dumps(engine: Engine, tmp_path: Path, profile: str) -> None:
    truths = {kind: make_dump(tmp_path / f"{kind}.dmp", profile, kind, 8) for kind in DUMP_TYPES}
    for asked, both in both_ways(engine, truths, tmp_path, COMMANDS).items():
        assert both[0][0] == 0, (asked, both[0][2])
        assert disagreements(both) == [], asked


@pytest.mark.parametrize("profile", PROFILES)
def test_keys(engine: Engine, tmp_path: Path, profile: str) -> None:
    truth = make_dump(tmp_path / "keys.dmp", profile)
    commands = [("key", hex(each.address), "--json") for each in truth.keys.values()]
    answers = both_ways(engine, {"keys": truth}, tmp_path, [*commands, ("key", "4", "--json")])
    assert {asked: lines for asked, both in answers.items() if (lines := disagreements(both))} == {}


@pytest.mark.parametrize("profile", DAMAGED_PROFILES)
def test_damaged_dumps(engine: Engine, tmp_path: Path, profile: str) -> None:
    answers = both_ways(engine, make_damaged(tmp_path, profile), tmp_path, OF_THE_DAMAGED)
    assert {asked: lines for asked, both in answers.items() if (lines := disagreements(both))} == {}
    assert {both[0][0] for both in answers.values()} == {0, 2}


# What was done to the list, to a block, to code; and what leaves nothing on the list.
TAMPERED = (
    "head-emptied", "entry-unlinked-counted", "count-zero", "cookie-forged", "function-nowhere",
    "prologue-returns", "prologue-jumps-out", "function-thunk", "object-context-forged",
    "entry-unreadable", "module-unlinked", "callback-crashed",
)  # fmt: skip
TRIAGE = (
    ("check", "--json"),
    ("check", "--no-symbols", "--json"),
    ("list", "--carve", "--json"),
    ("list", "--no-symbols", "--json"),
)


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621"])
def test_triage(engine: Engine, tmp_path: Path, profile: str) -> None:
    truths = {
        damage: make_dump(tmp_path / f"{damage}.dmp", profile, damage=[damage])
        for damage in TAMPERED
    }
    answers = both_ways(engine, truths, tmp_path, TRIAGE)
    assert {asked: lines for asked, both in answers.items() if (lines := disagreements(both))} == {}
    assert {both[0][0] for both in answers.values()} == {0, 1}


SMALL = 4
OF_THE_CRASH = tuple(
    (*command, "--no-symbols", "--json")
    for command in (("list",), ("check",), ("show", "--thread"), ("decode",))
)


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621"])
def test_small_dumps(engine: Engine, tmp_path: Path, profile: str) -> None:
    """Without symbols: the engine takes a PDB by its name where there is no image to ask."""
    sound = make_dump(tmp_path / "sound.dmp", profile, SMALL, 6)
    function = make_dump(tmp_path / "whole.dmp", profile, callbacks=6).callbacks[3].function
    truths = {"sound": sound}
    for bug_check in ((0x50, 0, 0, function), (0x135, 0xC0000005, 0, function)):
        truths[hex(bug_check[0])] = make_dump(
            tmp_path / f"{bug_check[0]:x}.dmp", profile, SMALL, 6,
            stopped_in="RegNtPreSetValueKey", stopped_at=3, bug_check=bug_check,
        )  # fmt: skip
    answers = both_ways(engine, truths, tmp_path, OF_THE_CRASH)
    assert {asked: lines for asked, both in answers.items() if (lines := disagreements(both))} == {}
    assert {both[0][0] for both in answers.values()} == {0, 1, 2}
