"""What a callback is told at a stop, decoded through pykd and without it: the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import make_dump

from .engine import Engine
from .test_same_answers import both_ways, disagreements

DECODE = [("decode", "--json")]

# Of each kind one, tests/unit/test_stopped_in.py has them all: key, value, buffers, names, the
# XP forms, versions, posts with their pre structures, and those whose Object is none.
NOTICES = (
    "RegNtPreSetValueKey",
    "RegNtPreQueryMultipleValueKey",
    "RegNtPostCreateKey",
    "RegNtPreCreateKeyEx",
    "RegNtPreLoadKey",
    "RegNtPreSaveMergedKey",
    "RegNtCallbackObjectContextCleanup",
    "RegNtPostSetValueKey",
    "RegNtPostQueryValueKey",
    "RegNtPostOpenKeyEx",
    "RegNtPostOpenKeyEx_Denied",
)


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "x86-2600", "arm64-22621"])
def test_every_kind(engine: Engine, tmp_path: Path, profile: str) -> None:
    truths = {
        notice: make_dump(tmp_path / f"{notice}.dmp", profile, stopped_in=notice)
        for notice in NOTICES
    }
    answers = both_ways(engine, truths, tmp_path, DECODE)
    assert {asked: lines for asked, both in answers.items() if (lines := disagreements(both))} == {}
    assert {both[0][0] for both in answers.values()} == {0}


def test_an_internal_callback(engine: Engine, tmp_path: Path) -> None:
    truth = make_dump(
        tmp_path / "a.dmp", callbacks=6, stopped_in="RegNtPreSetValueKey", stopped_at=4
    )
    (both,) = both_ways(engine, {"internal": truth}, tmp_path, DECODE).values()
    assert both[0][0] == 0
    assert disagreements(both) == []
