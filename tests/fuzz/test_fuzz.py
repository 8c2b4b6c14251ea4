"""A short run of every fuzzer, and what they have found once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.fuzzers import NAMES
from tests.fuzz.kept import KEPT, run_input

_RUNS = 100  # inputs of each; see README.md


@pytest.mark.toolchain  # atheris has wheels for Linux alone
def test_a_short_run_of_every_fuzzer() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--runs", str(_RUNS)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == NAMES


@pytest.mark.toolchain  # the lab builds kernels
@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once(path: Path) -> None:
    run_input(path.parent.name, path.read_bytes())
