"""Every command that a page shows is run, and prints what is shown.

A console block holds commands behind ``$`` and their output. ``python -m tests.unit.test_readme``
writes the output anew.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pykd_ext.command_line.catalogue import find_command
from pykd_ext.command_line.main import main
from tests.support.regcb import Regcb

CHECKOUT = Path(__file__).parents[2]
PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "samples" / "README.md",
    *sorted((CHECKOUT / "docs").glob("*.md")),
]

CONSOLE = re.compile(r"(?<=```console\n)(.*?)(?=```\n)", re.DOTALL)
SHELL = re.compile(r"(?<=```sh\n)(.*?)(?=```\n)", re.DOTALL)


def blocks() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for found in CONSOLE.finditer(page.read_text("utf-8")):
            yield page, found[0]


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run_again(block: str) -> str:
    """The block with the output that its commands print now."""
    parts = []
    for line in block.splitlines():
        if line.startswith("$ "):
            program, *words = shlex.split(line[2:])
            assert program == "regcb", line
            output = io.StringIO()
            with contextlib.redirect_stdout(output), inside(CHECKOUT):
                assert main(words) in (0, 1)  # 1: findings, differences
            parts.append(f"{line}\n{output.getvalue()}")
    return "\n".join(parts)


@pytest.mark.toolchain
@pytest.mark.parametrize(("page", "block"), list(blocks()))
def test_a_screen_is_what_the_command_prints(page: Path, block: str) -> None:
    assert block == run_again(block), f"python -m tests.unit.test_readme renews {page.name}"


RECIPES = CHECKOUT / "docs" / "recipes.md"


def recipes(prefix: str) -> list[str]:
    """The commands of the page that stand in lines, or in cells, behind ``prefix``."""
    found: list[str] = re.findall(rf"{prefix}regcb (.*?)(?:`|$)", RECIPES.read_text("utf-8"), re.M)
    return found


@pytest.mark.toolchain
@pytest.mark.parametrize("command", recipes("^    "))
def test_a_recipe_works(command: str, regcb: Regcb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    status, output, errors = regcb(*shlex.split(command))
    assert status in (0, 1) and output and not errors


@pytest.mark.parametrize("command", recipes(r"\| `"))
def test_a_live_recipe_is_understood(command: str) -> None:
    """What it does is the engine's tests' part."""
    name, *words = shlex.split(command.replace("\\", "\\\\"))
    parser = argparse.ArgumentParser()
    find_command(name).add_arguments(parser)
    parser.parse_args(words)


@pytest.mark.toolchain
def test_the_first_command_works_in_a_fresh_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True)
    first = SHELL.findall(PAGES[0].read_text("utf-8"))[0]
    done = subprocess.run(
        ["bash", "-c", first], cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "found by the back links alone" in done.stdout


def test_the_second_command_is_what_ci_runs() -> None:
    second = SHELL.findall(PAGES[0].read_text("utf-8"))[1].strip()
    assert second in (CHECKOUT / ".ci" / "run").read_text("utf-8")


def test_the_samples_stay_small() -> None:
    sizes = {each.name: each.stat().st_size for each in (CHECKOUT / "samples").glob("*.dmp")}
    assert sizes and {name: size for name, size in sizes.items() if size >= 300_000} == {}


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(
            CONSOLE.sub(lambda found: run_again(found[0]), page.read_text("utf-8")), "utf-8"
        )
