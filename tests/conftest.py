"""What all tests share: dumps of the lab, made once a run, and the command line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.lab import Truth, make_dump
from tests.support.regcb import MakeDump, Regcb

pytest_plugins = ["tests.support.time_spent"]

# No example fails for being slow: machines are, and other tests run beside. What the examples of a
# test share they do not change.
settings.register_profile(
    "regcb",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("regcb")


@pytest.fixture(scope="session")
def lab_dump(tmp_path_factory: pytest.TempPathFactory) -> MakeDump:
    """``lab_dump(profile, dump_type, callbacks, damage)`` as in :func:`tests.lab.make_dump`."""
    made: dict[tuple[Any, ...], Truth] = {}

    def make(
        profile: str = "x64-19041",
        dump_type: int = 1,
        callbacks: int = 8,
        damage: tuple[str, ...] = (),
    ) -> Truth:
        key = (profile, dump_type, callbacks, damage)
        if key not in made:
            path = tmp_path_factory.mktemp("lab") / f"{profile}-{dump_type}.dmp"
            made[key] = make_dump(path, profile, dump_type, callbacks, damage)
        return made[key]

    return make


@pytest.fixture
def regcb(capsys: pytest.CaptureFixture[str]) -> Regcb:
    return Regcb(capsys)
