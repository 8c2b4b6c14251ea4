"""Where a command line has symbols from: one meaning for all commands."""

from __future__ import annotations

from argparse import Namespace

import pytest

from pykd_ext.command_line.targets import symbol_path_of


@pytest.mark.parametrize(
    ("given", "no_symbols", "found"),
    [
        (None, None, "srv*environment"),
        ("folder", None, "folder"),
        ("", None, ""),  # none, said so
        ("folder", True, ""),
        (None, True, ""),
    ],
)
def test_y_before_the_environment(
    given: str | None, no_symbols: bool | None, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_NT_SYMBOL_PATH", "srv*environment")
    assert symbol_path_of(Namespace(symbol_path=given, no_symbols=no_symbols)) == found
    monkeypatch.delenv("_NT_SYMBOL_PATH")
    assert symbol_path_of(Namespace(symbol_path=given, no_symbols=no_symbols)) == (
        "" if found == "srv*environment" else found
    )
