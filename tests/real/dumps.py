"""Every command that reads must answer a dump: in one line where it cannot, without a traceback."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from pykd_ext.command_line.main import main

from .row import Row

__all__ = ["check"]

_COMMANDS = (("list", "--json"), ("check", "--json"), ("list",), ("check",), ("decode",))


def check(files: Sequence[Path]) -> list[Row]:
    return [_judge(path) for path in files]


def _judge(path: Path) -> Row:
    wrong = [f"{command[0]}: {why}" for command in _COMMANDS if (why := _why_not(path, command))]
    return Row("dump: commands", path.name, len(_COMMANDS), len(_COMMANDS) - len(wrong),
               "; ".join(wrong))  # fmt: skip


def _why_not(path: Path, words: Sequence[str]) -> str | None:
    output, errors = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            status = main([*words, "-z", str(path)])
    except Exception as error:  # what regcb promises not to do
        return f"{type(error).__name__}: {error}"
    if status == 2 and len(errors.getvalue().splitlines()) != 1:
        return "failed without one clear line"
    if status != 2 and "--json" in words:
        try:
            json.loads(output.getvalue())
        except ValueError as error:
            return f"no JSON: {error}"
    return None
