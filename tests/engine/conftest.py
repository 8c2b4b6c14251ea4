"""The engine for the tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .engine import Engine
from .errors import EngineError


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Installed once, and up as long as the tests run. Where it cannot be had they all fail."""
    try:
        with Engine.running() as running:
            yield running
    except EngineError as error:
        pytest.fail(str(error), pytrace=False)
