"""The pages' screens of a live target: ``python -m tests.engine.readme`` writes them anew.

A kd block holds commands behind ``kd>`` and what they print on the live lab's usual target, the
times of day aside.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.lab.kd.scripts import DEFAULT_SCRIPT

from .engine import Engine
from .live_command import live_regcb

__all__ = ["PAGES", "blocks", "run_again"]

_CHECKOUT = Path(__file__).parents[2]
PAGES = [_CHECKOUT / "README.md", *sorted((_CHECKOUT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"(?<=```kd\n)(.*?)(?=```\n)", re.DOTALL)
_PROMPT = "kd> !py regcb.py "
_TIME = re.compile(r"^\d\d:\d\d:\d\d\.\d{3}", re.MULTILINE)
_SOME_TIME = "14:03:59.125"


def blocks() -> Iterator[str]:
    """Their text, in order."""
    for page in PAGES:
        for found in _BLOCK.finditer(page.read_text("utf-8")):
            yield found[0]


def run_again(engine: Engine, block: str) -> str:
    """The block with what its commands print now."""
    parts = []
    for line in block.splitlines():
        if line.startswith(_PROMPT):
            words = shlex.split(line[len(_PROMPT) :].replace("\\", "\\\\"))
            run = live_regcb(engine, DEFAULT_SCRIPT, *words)
            assert (run.status, run.errors) == (0, "")
            parts.append(f"{line}\n{_TIME.sub(_SOME_TIME, run.output)}")
    return "".join(parts)


def _renew() -> None:
    with Engine.running() as engine:
        for page in PAGES:
            text = page.read_text("utf-8")
            page.write_text(_BLOCK.sub(lambda found: run_again(engine, found[0]), text), "utf-8")


if __name__ == "__main__":
    _renew()
