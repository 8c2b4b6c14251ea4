"""The command lines that are swept: every command about a dump, as JSON and as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.lab import make_dump

from .answers import Answer, answer_of

__all__ = ["QUESTIONS", "Question", "questions_of_the_lab"]

_SAMPLES = Path(__file__).parents[2] / "samples"
_SYMBOLS = str(_SAMPLES / "symbols")


class Question(NamedTuple):
    """A command about a dump."""

    dump: Path
    symbols: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dump.stem}: {' '.join(self.command)}"

    def answer(self) -> Answer:
        """What it prints, and behind that the page that it writes to FILE."""
        with TemporaryDirectory() as folder:
            file = Path(folder, "page.html")
            words = [str(file) if word == "FILE" else word for word in self.command]
            answer = answer_of(["-z", str(self.dump), "-y", self.symbols, *words])
            page = file.read_text("utf-8") if file.exists() else ""
        if not page:
            return answer
        return answer._replace(output=re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|\d[\d,]+ bytes", "", page))


def _asked(dump: Path, symbols: str, *commands: str) -> Iterator[Question]:
    baseline = str(_SAMPLES / "sound-x64.json")
    for command in commands:
        words = tuple(command.replace("BASELINE", baseline).split())
        yield Question(dump, symbols, words)
        if words[0] not in ("doctor", "report"):
            yield Question(dump, symbols, (*words, "--json"))


_ASKED = {
    "sound-x64": (
        "list", "list --carve", "list --no-symbols", "show regprotect", "check", "diff BASELINE",
        "verify", "doctor", "report FILE",
    ),
    "blinded-x64": ("list", "check", "diff BASELINE"),
    "stopped-x64": (
        "show --thread", "decode", "key ffffe10a20000110",
        "decode RegNtPreCreateKeyEx ffffe10a1ff871f8",
        "decode RegNtPostQueryValueKey ffffe10a1ff87bd8",
    ),
    "windows7-x86": ("list", "check", "show 5"),
}  # fmt: skip

QUESTIONS = [
    question
    for name, commands in _ASKED.items()
    for question in _asked(_SAMPLES / f"{name}.dmp", _SYMBOLS, *commands)
]

# Other Windows, another processor, a small dump.
_LAB = (
    ("x86-2600", 1), ("x86-7601", 1), ("arm64-22621", 1), ("x64-22621", 5), ("x64-19041", 4),
)  # fmt: skip


def questions_of_the_lab(folder: Path) -> Iterator[Question]:
    """About dumps that are made in ``folder``: compilers are needed."""
    for profile, dump_type in _LAB:
        notice = "RegNtPreSetValueKey"
        truth = make_dump(
            folder / f"{profile}-{dump_type}.dmp", profile, dump_type, stopped_in=notice
        )
        key = next(each for each in truth.keys.values() if each.handle)
        yield from _asked(
            Path(truth.path), truth.symbols, "list", "check", "show 2", "show --thread", "decode",
            f"key {key.address:#x}", f"key {key.handle:#x} --process {key.process_id}",
        )  # fmt: skip
