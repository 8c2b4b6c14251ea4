"""scripts/regcb.py where no debugger is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


def python(code: str, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); {code}", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", sorted(each.stem for each in SCRIPTS.glob("*.py")))
def test_importing_one_runs_nothing(name: str) -> None:
    assert python(f"import {name}") == (0, "", "")


def test_what_is_missing_is_had_from_the_project() -> None:
    """Whatever it is: pyproject.toml knows."""
    script = str(SCRIPTS / "regcb.py")
    run = f"import runpy; sys.argv[:] = [{script!r}, 'classes']; "
    absent = "sys.modules['tabulate'] = None; "
    status, output, errors = python(f"{run}{absent}runpy.run_path({script!r}, run_name='__main__')")
    assert (status, errors, output.count("\n")) == (0, "", 1)
    assert f'-m pip install "{SCRIPTS.parent}"' in output and "tabulate" in output
