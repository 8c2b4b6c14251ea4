"""Dumps of the lab, made once a run and shared: by profile, dump type, callbacks and damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from pykd_ext.command_line.main import main
from tests.lab import Truth, make_dump

MakeDump = Callable[..., Truth]


@pytest.fixture(scope="session")
def lab_dump(tmp_path_factory: pytest.TempPathFactory) -> MakeDump:
    """``lab_dump(profile, dump_type, callbacks, damage)`` as in :func:`tests.lab.make_dump`."""
    made: dict[tuple[Any, ...], Truth] = {}

    def make(
        profile: str = "x64-19041",
        dump_type: int = 1,
        callbacks: int = 8,
        damage: tuple[str, ...] = (),
    ) -> Truth:
        key = (profile, dump_type, callbacks, damage)
        if key not in made:
            path = tmp_path_factory.mktemp("lab") / f"{profile}-{dump_type}.dmp"
            made[key] = make_dump(path, profile, dump_type, callbacks, damage)
        return made[key]

    return make


class Regcb:
    """The command line, run in this process: exit status, standard output, standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
        self._capsys.readouterr()
        status = main([str(word) for word in words])
        output, errors = self._capsys.readouterr()
        return status, output, errors

    def json(self, truth: Truth, *words: str) -> dict[str, Any]:
        """The document that a successful command prints about a lab dump."""
        status, output, errors = self("-z", truth.path, "-y", truth.symbols, *words, "--json")
        assert (status, errors) == (0, "")
        document: dict[str, Any] = json.loads(output)
        return document


@pytest.fixture
def regcb(capsys: pytest.CaptureFixture[str]) -> Regcb:
    return Regcb(capsys)
