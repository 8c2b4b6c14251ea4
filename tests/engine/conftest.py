"""The engine as a fixture."""

from __future__ import annotations

from collections.abc import Iterator

from collections.abc import Iterator

import pytest

from .install import InstallFailed
from .rig import Engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The real engine, installed once and kept warm."""
    try:
        opened = Engine()
    except InstallFailed as error:
        pytest.fail(f"the engine cannot be installed: {error}", pytrace=False)
    yield opened
    opened.close()
