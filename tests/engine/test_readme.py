"""The live screens of the pages are what the commands print."""

from __future__ import annotations

import pytest

from .engine import Engine
from .readme import blocks, run_again

BLOCKS = list(blocks())


@pytest.mark.parametrize("index", range(len(BLOCKS)))
def test_a_screen(engine: Engine, index: int) -> None:
    assert run_again(engine, BLOCKS[index]) == BLOCKS[index]
    assert all(len(line) <= 120 for line in BLOCKS[index].splitlines())
