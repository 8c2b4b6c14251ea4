"""How links start regcb again: with the words of the user."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pykd_ext.command_line.own_command import own_command

PYTHON = f"!py -{sys.version_info[0]}.{sys.version_info[1]}"


def options(**given: Any) -> argparse.Namespace:
    nothing = dict.fromkeys(["dump", "symbol_path", "layout", "engine", "no_symbols"])
    return argparse.Namespace(**{**nothing, **given})


def start(monkeypatch: pytest.MonkeyPatch, script: str, module: str | None) -> None:
    """``script`` is what the bootstrapper, or runpy, has put in sys.argv."""
    main = ModuleType("__main__")
    main.__spec__ = SimpleNamespace(name=module) if module else None  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(sys, "argv", [script, "list"])


def test_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, "C:\\Python\\pykd_ext\\__main__.py", "pykd_ext.__main__")
    assert own_command() == f"{PYTHON} -m pykd_ext"


def test_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, "C:\\my folder;\\regcb.py", None)
    assert own_command() == f'{PYTHON} "C:\\my folder;\\regcb.py"'


def test_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, "", None)
    assert own_command() == f"{PYTHON} -m pykd_ext"


def test_options_that_say_which_target(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, "", "pykd_ext")
    given = options(
        dump="C:\\my dumps\\a.dmp", symbol_path="C:\\sym;srv*", layout="C:\\l.json", engine="none",
        no_symbols=True,
    )  # fmt: skip
    assert own_command(given) == (
        f'{PYTHON} -m pykd_ext -z "C:\\my dumps\\a.dmp" -y "C:\\sym;srv*" --layout C:\\l.json '
        "--engine none --no-symbols"
    )
