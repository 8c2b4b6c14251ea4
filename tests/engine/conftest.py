"""The engine for the tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .engine import Engine
from .errors import EngineError
from .ntoseye import Ntoseye
from .window import prepare


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of a file on one processor, since they share what the file has made; files side by
    side, in one Wine."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Installed once, and up as long as the tests of this processor run. Where it cannot be had
    they all fail."""
    try:
        with Engine.running() as running:
            yield running
    except EngineError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def debugger(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a debugger, for :func:`.window.open_window`."""
    return prepare(engine.installation, tmp_path_factory.mktemp("debugger"))


@pytest.fixture(scope="session")
def ntoseye(tmp_path_factory: pytest.TempPathFactory) -> Ntoseye:
    """Installed by pip, on Linux."""
    return Ntoseye(tmp_path_factory.mktemp("home"))


@pytest.fixture(params=["pykd", "ntoseye"])
def either(request: pytest.FixtureRequest) -> Engine | Ntoseye:
    """Each of the live engines, for what has to be the same through both."""
    name = "engine" if request.param == "pykd" else "ntoseye"
    found: Engine | Ntoseye = request.getfixturevalue(name)
    return found
