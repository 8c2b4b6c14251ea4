"""Ctrl+Break in the command window: the command ends, and the debugger goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from tests.lab import make_dump
from tests.lab.kd.scripts import DEFAULT_SCRIPT

from .engine import Engine
from .live import LiveTarget, live_target
from .window import Window, open_window, plain
from .wine import windows_path

PROJECT = Path(__file__).parents[2]
REGCB = "!py -3.9 -m pykd_ext"

FOR_EVER = """
from pykd_ext.command_line.ctrl_break import ctrl_break
try:
    with ctrl_break():
        print("it goes on")
        while True:
            pass
except KeyboardInterrupt:
    print("it ended")
"""

# The bootstrapper hears it, four times a second, while regcb does not listen.
HEARD_BY_ANOTHER = """
import time
from pykd_ext.command_line.main import main
print("it goes on")
time.sleep(3)
main(["list"])
print("it ended")
"""


@pytest.fixture(scope="module")
def window(
    engine: Engine, debugger: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    truth = make_dump(tmp_path_factory.mktemp("break") / "lab.dmp", callbacks=64)
    words = (Path(truth.symbols), Path(truth.path))
    with open_window(engine, debugger, words, [PROJECT]) as opened:
        yield opened


@pytest.mark.parametrize("program", [FOR_EVER, HEARD_BY_ANOTHER])
def test_a_command_that_computes(window: Window, tmp_path: Path, program: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(program)
    shown = window.execute(
        f"!py -3.9 {windows_path(script)}", lambda: window.has_shown("it goes on")
    )
    assert shown.endswith("it ended\n")
    assert "64 callbacks" in window.execute(f"{REGCB} list")


def test_output(window: Window) -> None:
    shown = window.execute(f"{REGCB} list --json", lambda: window.has_shown("regcb.callbacks/1"))
    assert shown.endswith(("}\n", "regcb: interrupted\n"))
    assert "Traceback" not in shown
    assert "64 callbacks" in window.execute(f"{REGCB} list")


def is_busy(target: LiveTarget) -> bool:
    """Whether operations are done in it."""
    return any(each["count"] for thread in target.state()["operations"] for each in thread)


def runs(target: LiveTarget) -> bool:
    """The engine takes breakpoints out while it is stopped."""
    state = target.state()
    return bool(state["breakpoints"] or state["hardware"])


@pytest.mark.parametrize("begins", [is_busy, runs])
def test_a_target_that_runs(
    engine: Engine, debugger: Path, begins: Callable[[LiveTarget], bool]
) -> None:
    script = DEFAULT_SCRIPT if begins is is_busy else DEFAULT_SCRIPT._replace(work=())
    with live_target(script) as target:
        words = (target.symbols, "-k", f"com:ipport={target.port},port=127.0.0.1")
        with open_window(engine, debugger, words, [PROJECT]) as window:
            window.execute(".reload")
            shown = window.execute(f"{REGCB} trace", lambda: begins(target))
            assert "; you stopped it. regcb's breakpoints are gone" in plain(shown)
            assert window.execute("bl").strip() == ""
            assert "nt!" in plain(window.execute("k"))
