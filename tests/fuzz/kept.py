"""Inputs that failed once, and may not again: ``kept/FUZZER/WHAT``, without atheris."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.fuzz.fuzzers import fuzzer_class
from tests.fuzz.harness import hold

__all__ = ["KEPT", "run_input"]

KEPT = sorted(each for each in Path(__file__).with_name("kept").rglob("*") if each.is_file())


def run_input(name: str, data: bytes) -> None:
    """Raises what the fuzzer of that name finds wrong."""
    with tempfile.TemporaryDirectory() as folder:
        hold(fuzzer_class(name)(Path(folder)), data)
