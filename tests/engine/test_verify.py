"""``regcb verify`` of the kernel that the engine has opened, in Windows' Python 3.9."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab import make_dump

from .both_ways import both_ways
from .engine import Engine

VERIFY = ("verify", "--json")


@pytest.mark.parametrize("profile", ["x64-19041", "x86-2600", "arm64-22621"])
def test_the_kernel_proves_the_same(engine: Engine, tmp_path: Path, profile: str) -> None:
    truth = make_dump(tmp_path / "verified.dmp", profile)
    answers = both_ways(engine, {profile: truth}, tmp_path, [VERIFY])
    without, through = answers[profile, VERIFY]
    assert (without[0], through[0]) == (0, 0), through[2]
    ours, engines = json.loads(without[1]), json.loads(through[1])
    assert (ours["layout"], ours["rows"]) == (engines["layout"], engines["rows"])
