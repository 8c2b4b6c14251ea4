"""The unit tests in the Python in which WinDbg's users run regcb."""

from __future__ import annotations

from tests.lab import PROFILES
from tests.lab.build import build
from tests.lab.profiles import OTHER_TABLES

from .engine import Engine


def test_unit_tests_on_windows_python(engine: Engine) -> None:
    for profile in (*PROFILES.values(), *OTHER_TABLES.values()):
        build(profile)  # there are no compilers under Wine: it finds these
    done = engine.unit_tests()
    assert done.returncode == 0, done.stdout[-4000:]
