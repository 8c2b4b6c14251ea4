"""The unit tests in the Python in which WinDbg's users run regcb."""

from __future__ import annotations

from .engine import Engine


def test_unit_tests_on_windows_python(engine: Engine) -> None:
    done = engine.unit_tests()
    assert done.returncode == 0, done.stdout[-4000:]
