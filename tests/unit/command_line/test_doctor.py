"""``regcb doctor``: what is there, and what to do about what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pykd_ext.command_line import surroundings
from pykd_ext.command_line.main import main
from tests.lab import make_dump

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_it_looks_for_what_the_project_needs() -> None:
    """tomli is for Pythons without tomllib."""
    table = re.search(
        r"^dependencies = \[(.*?)^\]", PYPROJECT.read_text(), re.DOTALL | re.MULTILINE
    )
    assert table is not None
    named = set(re.findall(r'"([a-z.0-9]+)[><=]', table[1]))
    assert named - {"tomli"} == set(surroundings._NEEDED) - {"tomli"}


@pytest.mark.toolchain
def test_a_good_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = make_dump(tmp_path / "list.dmp")
    assert main(["doctor", "-z", truth.path, "-y", truth.symbols]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^  Python +3\.\d+\.\d+", said, re.MULTILINE)
    assert re.search(r"^  packages +capstone \d", said, re.MULTILINE)
    assert re.search(r"^  target +crash-dump, x64, build 19041$", said, re.MULTILINE)
    assert re.search(r"^  callbacks +4 can be listed$", said, re.MULTILINE)


@pytest.mark.toolchain
def test_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = make_dump(tmp_path / "list.dmp")
    monkeypatch.setattr(surroundings, "_NEEDED", (*surroundings._NEEDED, "no_such_package"))
    nowhere = str(tmp_path / "nowhere")
    assert main(["doctor", "-z", truth.path, "-y", nowhere]) == 1
    said = capsys.readouterr().out
    assert re.search(
        r"\n! packages +missing: no_such_package\n +-> .* install no_such_package\n", said
    )
    assert f"{nowhere} is no folder" in said
    assert re.search(r"\n! kernel's symbols +\S", said)


def test_a_target_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "-z", str(tmp_path / "none.dmp"), "-y", str(tmp_path)]) == 1
    assert re.search(r"^! target .*none\.dmp", capsys.readouterr().out, re.MULTILINE)
