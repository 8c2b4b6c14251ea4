"""In WinDbg's command window, through the bootstrapper: every screen's links answer."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import Truth, make_dump

from .engine import Engine
from .window import Window, links, open_window, plain
from .wine import windows_path

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "scripts" / "regcb.py"
MODULE = "!py -3.9 -m pykd_ext"

# What a debugger, or Python, says of a command that it cannot make sense of.
COMPLAINTS = (
    "Traceback", "No export", "Syntax error", "syntax error", "Couldn't resolve", "regcb: ",
    "script not found", "usage:", " error in '", "No module named",
)  # fmt: skip


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return make_dump(tmp_path_factory.mktemp("window") / "lab.dmp")


@contextmanager
def window_on(engine: Engine, debugger: Path, truth: Truth, *path: Path) -> Iterator[Window]:
    with open_window(engine, debugger, (Path(truth.symbols), Path(truth.path)), path) as window:
        yield window


@pytest.fixture(scope="module")
def window(engine: Engine, debugger: Path, truth: Truth) -> Iterator[Window]:
    with window_on(engine, debugger, truth, PROJECT) as opened:
        yield opened


def answers(window: Window, command: str) -> str:
    """What it shows, which is no complaint."""
    shown = plain(window.execute(command))
    assert shown.strip(), command
    assert not [each for each in COMPLAINTS if each in shown], (command, shown)
    return shown


def test_a_module_s_links(window: Window) -> None:
    shown = links(window.execute(f"{MODULE} list"))
    assert len(shown) == 3 * 4
    for each in shown:
        answers(window, each.command)
    assert shown[2].command.startswith(f"{MODULE} show 0x")


def test_a_script_s_links(engine: Engine, debugger: Path, truth: Truth) -> None:
    with window_on(engine, debugger, truth) as window:
        # The engine takes a quoted word that comes first for all of the arguments.
        shown = links(window.execute(f'!py -3.9 "{windows_path(SCRIPT)}" list'))
        assert shown[2].command.startswith(f'!py -3.9 "{windows_path(SCRIPT)}" show 0x')
        answers(window, shown[2].command)


def test_an_alias_s_links(window: Window) -> None:
    window.execute(f"as regcb {MODULE}")
    shown = links(window.execute("regcb list"))
    answers(window, shown[2].command)


def test_links_of_a_package_in_a_zip_file(
    engine: Engine, debugger: Path, truth: Truth, tmp_path: Path
) -> None:
    archive = tmp_path / "with space.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for each in (PROJECT / "pykd_ext").rglob("*"):
            if "__pycache__" not in each.parts:
                file.write(each, each.relative_to(PROJECT))
    with window_on(engine, debugger, truth, archive) as window:
        shown = links(window.execute(f"{MODULE} list"))
        assert "with space.zip" in plain(window.execute(f"{MODULE} doctor"))
        answers(window, shown[2].command)
