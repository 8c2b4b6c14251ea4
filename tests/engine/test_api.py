"""The examples in the docstrings of what follows a live kernel."""

from __future__ import annotations

import json

import pytest

from tests.lab.kd.scripts import SCRIPTS

from .engine import INSIDE, Engine
from .live import live_target

SCRIPT_OF = {"trace": "default", "guard": "default", "watch": "coming-and-going"}


@pytest.mark.parametrize("name", SCRIPT_OF)
def test_what_the_docstring_shows(engine: Engine, name: str) -> None:
    with live_target(SCRIPTS[SCRIPT_OF[name]]) as target:
        done = target.run(engine, INSIDE / "live_api.py", name)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["wrong"] == ""
    assert (seen["examples"], seen["breakpoints"], seen["is_stopped"]) == (1, "", True)
