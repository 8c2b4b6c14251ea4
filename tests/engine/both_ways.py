"""What commands say of dumps through pykd and without it, and where the two differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab import Truth

from .differences import differences
from .engine import INSIDE, Engine
from .inside.batch import run
from .wine import windows_path

__all__ = ["both_ways", "disagreements"]

Outcome = tuple[int, str, str]
Both = tuple[Outcome, Outcome]
Answers = dict[tuple[Any, tuple[str, ...]], Both]


def both_ways(
    engine: Engine,
    truths: dict[Any, Truth],
    folder: Path,
    commands: Sequence[tuple[str, ...]],
) -> Answers:
    """What each command says of each dump, without pykd and through it."""
    asked = [(key, command) for key in truths for command in commands]
    without, through = [], []
    for key, command in asked:
        dump, symbols = truths[key].path, truths[key].symbols
        without.append(run(["-z", dump, "-y", symbols, *command]))
        windows = ["-z", windows_path(dump), "-y", windows_path(symbols)]
        through.append(["--engine", "pykd", *windows, *command])
    file = folder / "commands.json"
    file.write_text(json.dumps(through), encoding="utf-8")
    done = engine.run(INSIDE / "batch.py", file, timeout=600)
    assert done.returncode == 0, done
    outcomes = [tuple(each) for each in json.loads(done.stdout)]
    return dict(zip(asked, zip(without, outcomes)))


def disagreements(both: Both) -> list[str]:
    """What the two say differently, without pykd first."""
    without, through = both
    if without[0] != through[0]:
        return [f"status {without[0]} {without[2]!r}, {through[0]} {through[2]!r}"]
    says: list[Any] = [reason(each[2]) if each[0] == 2 else document(each[1]) for each in both]
    return list(differences(says[0], says[1]))


def document(text: str) -> dict[str, Any]:
    """The JSON, but for the path, which Windows writes in its own way, for why there are no
    symbols, which the engine says in its window, and for the thread, which it knows without."""
    parsed: dict[str, Any] = json.loads(text)
    del parsed["target"]["path"]
    if "problems" in parsed:
        parsed["problems"] = [
            each if isinstance(each, str) else {**each, "what": reason(each["what"])}
            for each in parsed["problems"]
            if isinstance(each, str) or not _is_the_engines(each)
        ]
        parsed["problems"].sort(key=str)  # images are asked for their symbols as it comes
    return parsed


def _is_the_engines(problem: dict[str, str]) -> bool:
    of_the_thread = "in which callbacks it crashed: register $thread cannot be read"
    return problem["where"] == "symbols" or problem["what"].startswith(of_the_thread)


def reason(text: str) -> str:
    """What was not found, but not why: the engine does not say which PDB it refused."""
    return text.partition(" not found: ")[0]
