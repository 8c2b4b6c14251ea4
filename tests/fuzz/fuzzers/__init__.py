"""A fuzzer a file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from tests.fuzz.fuzzer import Fuzzer

__all__ = ["NAMES", "fuzzer_class"]

NAMES = sorted(each.stem for each in Path(__file__).parent.glob("[a-z]*.py"))


def fuzzer_class(name: str) -> type[Fuzzer]:
    """The one of that name."""
    return cast("type[Fuzzer]", import_module(f"{__name__}.{name}").FUZZER)
