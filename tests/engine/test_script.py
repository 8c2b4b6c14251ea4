"""scripts/regcb.py as WinDbg's !py runs it: in a session, with DML, and never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Truth, make_dump

from .engine import INSIDE, Engine
from .wine import windows_path

SCRIPT = Path(__file__).parents[2] / "scripts" / "regcb.py"
STILL_THERE = "Break"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return make_dump(tmp_path_factory.mktemp("script") / "lab.dmp")


def py(engine: Engine, truth: Truth, *words: str) -> dict[str, Any]:
    """What ``!py regcb.py WORDS`` writes to the command window."""
    dump, symbols = Path(truth.path), Path(truth.symbols)
    done = engine.run(INSIDE / "windbg_py.py", dump, symbols, SCRIPT, *words)
    assert done.returncode == 0, done.stderr
    window: dict[str, Any] = json.loads(done.stdout)
    assert window["status"] == STILL_THERE  # the session is the user's
    return window


def test_list_has_links(engine: Engine, truth: Truth) -> None:
    window = py(engine, truth, "list")
    assert window["text"] == ""
    assert f"{len(truth.callbacks)} callbacks" in window["dml"]
    for callback in truth.callbacks:
        assert f"{callback.owner}</link>" in window["dml"]
        show = f"!py -3.9 &quot;{windows_path(SCRIPT)}&quot; show {callback.address:#x}"
        assert f'<link cmd="{show}">' in window["dml"]


def test_list_as_json(engine: Engine, truth: Truth) -> None:
    document = json.loads(py(engine, truth, "list", "--json")["dml"].replace("&quot;", '"'))
    addresses = [callback["address"] for callback in document["callbacks"]]
    assert addresses == [f"{callback.address:#x}" for callback in truth.callbacks]
    assert document["target"]["path"].endswith("lab.dmp")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "99"], "regcb: "),
        (["nonsense"], "regcb: "),
        ([], "regcb: which command?"),
        (["-z", "other.dmp", "list"], "regcb: the debugger has a target already"),
    ],
)
def test_one_line_for_what_cannot_be_done(
    engine: Engine, truth: Truth, words: list[str], says: str
) -> None:
    window = py(engine, truth, *words)
    assert window["dml"].startswith(says)
    assert window["dml"].count("\n") == 1


def test_help(engine: Engine, truth: Truth) -> None:
    assert py(engine, truth, "--help")["dml"].startswith("usage: regcb")
