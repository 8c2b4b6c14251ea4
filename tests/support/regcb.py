"""What the fixtures of tests/conftest.py are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from pykd_ext.command_line.main import main
from tests.lab import Truth

__all__ = ["MakeDump", "Regcb"]

MakeDump = Callable[..., Truth]


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
