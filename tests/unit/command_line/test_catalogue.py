"""The folder of the commands is the list of them."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import pykd_ext
from pykd_ext.command_line.catalogue import command_names, find_command
from pykd_ext.command_line.command import GROUPS, Command
from tests.support.regcb import Regcb

PACKAGE = Path(pykd_ext.__file__).parent
A_COMMAND = '''"""``regcb say-hello``."""
from ..command_line.command import Command


def run(arguments, output):
    output.write(f"hello {arguments.name}")
    return 0


COMMAND = Command(
    "greets", "look", add_arguments=lambda parser: parser.add_argument("name"), run=run
)
'''


def run_python(path: Path, code: str, *words: str) -> tuple[int, str, str]:
    start = f"import sys; sys.path.insert(0, {str(path)!r}); {code}"
    done = subprocess.run(
        [sys.executable, "-c", start, *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_help_has_every_command_below_the_title_of_its_group(regcb: Regcb) -> None:
    status, output, errors = regcb("--help")
    assert (status, errors) == (0, "")
    names = command_names()
    assert names == [
        each.stem.replace("_", "-")
        for each in sorted((PACKAGE / "commands").glob("*.py"))
        if each.stem != "__init__"
    ]
    shown = output[output.index(f"{GROUPS['look']}:") :]
    titles = [line[:-1] for line in shown.splitlines() if line[-1:] == ":"]
    assert titles == list(GROUPS.values())
    for name in names:
        assert f"  {name} " in shown
        assert find_command(name).summary in shown


@pytest.mark.parametrize("name", command_names())
def test_each_command_has_a_face_and_a_help_of_its_own(name: str, regcb: Regcb) -> None:
    command = find_command(name)
    assert isinstance(command, Command) and command.group in GROUPS
    status, output, errors = regcb(name, "--help")
    assert (status, errors) == (0, "")
    assert command.summary in " ".join(output.split())
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    assert not [each.dest for each in parser._actions if not each.help]
    if parser._actions:  # its own options come first
        assert output.index(parser.format_help().split()[-1]) < output.index("options of all")


def test_ctrl_c_before_there_is_a_command() -> None:
    code = (
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'pykd_ext.command_line.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "from pykd_ext.__main__ import main; sys.exit(main())"
    )
    assert run_python(PACKAGE.parent, f"\n{code}", "list") == (2, "", "regcb: interrupted\n")


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_file_in_the_folder_is_a_command(form: str, tmp_path: Path) -> None:
    """Also where the package is imported from a zip file; of the others no file is read."""
    place = tmp_path / "package.zip"
    with ZipFile(place, "w") as package:
        for each in PACKAGE.rglob("*.*"):
            if each.suffix not in (".pyc", ""):
                package.write(each, each.relative_to(PACKAGE.parent))
        package.writestr("pykd_ext/commands/say_hello.py", A_COMMAND)
    if form == "folder":
        with ZipFile(place) as package:
            place = tmp_path / "unzipped"
            package.extractall(place)
    run = "from pykd_ext.command_line.main import main; status = main(); "
    loaded = "print([each for each in sys.modules if each.startswith('pykd_ext.commands.')])"
    assert run_python(place, run + loaded, "say-hello", "you") == (
        0,
        "hello you\n['pykd_ext.commands.say_hello']\n",
        "",
    )
    _, output, errors = run_python(place, run, "--help")
    assert "  say-hello   greets\n" in output and errors == ""


def test_a_word_that_is_no_command(regcb: Regcb) -> None:
    status, output, errors = regcb("lst")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "'lst': did you mean list?" in errors
