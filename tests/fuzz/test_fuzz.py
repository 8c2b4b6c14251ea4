"""What the fuzzers have come to, a run of atheris, and what they have found once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.corpus import changed, chosen, kept_inputs
from tests.fuzz.fuzzers import NAMES, fuzzer_class
from tests.fuzz.harness import hold
from tests.fuzz.kept import KEPT, run_input

_CHANGED = 50  # inputs of each; see README.md


@pytest.mark.toolchain  # the lab builds kernels
@pytest.mark.parametrize("name", NAMES)
def test_the_inputs_that_reach_most_and_some_like_them(name: str, tmp_path: Path) -> None:
    fuzzer = fuzzer_class(name)(tmp_path)
    inputs = kept_inputs(name) or fuzzer.seeds()
    for data in [*inputs, *changed(inputs, _CHANGED // fuzzer.cost)]:
        try:
            hold(fuzzer, data)
        except Exception as error:
            raise AssertionError(f"{name} fails by {data.hex()}") from error


def test_what_reaches_most_for_its_length_is_kept() -> None:
    reached = {b"long" * 9: {1, 2, 3}, b"ab": {1, 2}, b"a": {1}, b"c": {3}, b"-": set()}
    assert chosen(reached) == [b"ab", b"c"]


@pytest.mark.toolchain  # atheris has wheels for Linux alone
def test_a_short_run_of_fuzzers() -> None:
    names = ["pdb", "policy"]  # quick ones
    words = [sys.executable, "-m", "tests.fuzz", *names, "--runs", "100"]
    folder = Path(__file__).parents[2]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == names


@pytest.mark.toolchain  # the lab builds kernels
@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once(path: Path) -> None:
    run_input(path.parent.name, path.read_bytes())
