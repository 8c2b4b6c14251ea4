"""CONTRIBUTING's recipes name files that there are, and the one of a command works as it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]

COMMAND = '''"""``regcb greet``: says hello."""

import argparse

from ..command_line.command import Command
from ..present.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")


def run(arguments: argparse.Namespace, output: Output) -> int:
    output.write(f"hello, {arguments.name}")
    return 0


COMMAND = Command("says hello", group="look", add_arguments=add_arguments, run=run)
'''


def test_the_files_that_recipes_name_are_there() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:pykd_ext|tests|docs)/[\w./]+)`", text)
    assert len(named) > 20
    assert [each for each in named if not (CHECKOUT / each).exists()] == []


@pytest.mark.toolchain
def test_the_recipe_of_a_command(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "pykd_ext", tmp_path / "pykd_ext")
    (tmp_path / "pykd_ext" / "commands" / "greet.py").write_text(COMMAND, "utf-8")

    def regcb(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pykd_ext", *words],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    assert regcb("greet", "you") == "hello, you\n"
    assert re.search(r"^  greet +says hello$", regcb("--help"), re.MULTILINE)
