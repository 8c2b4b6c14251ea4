"""What a callback is told at a stop, decoded through pykd and without it: the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import make_dump
from tests.lab.build import build
from tests.lab.profiles import PROFILES
from tests.lab.registry import load_registry

from .both_ways import both_ways, disagreements
from .engine import Engine

DECODE = [("decode", "--json")]


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "x86-2600", "arm64-22621"])
def test_every_notification(engine: Engine, tmp_path: Path, profile: str) -> None:
    """Of all 51 classes, variants with other versions, statuses and value types among them."""
    registry = load_registry(PROFILES[profile], build(PROFILES[profile]))
    truths = {
        notice: make_dump(tmp_path / f"{notice}.dmp", profile, stopped_in=notice)
        for notice in registry.notices
    }
    assert {registry.notices[each].number for each in truths} == set(range(51))
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
