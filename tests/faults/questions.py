"""The command lines that are swept: every command about a dump, as JSON and as text."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["QUESTIONS", "Question"]

_SAMPLES = Path(__file__).parents[2] / "samples"


class Question(NamedTuple):
    """A command about one of the samples."""

    dump: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dump}: {' '.join(self.command)}"

    def words(self) -> list[str]:
        """The command line."""
        path = _SAMPLES / f"{self.dump}.dmp"
        return ["-z", str(path), "-y", str(_SAMPLES / "symbols"), *self.command]


def _asked(dump: str, *commands: str) -> list[Question]:
    baseline = str(_SAMPLES / "sound-x64.json")
    return [
        Question(dump, tuple(command.replace("BASELINE", baseline).split()) + form)
        for command in commands
        for form in ((), ("--json",))
    ]


QUESTIONS = [
    *_asked("sound-x64", "list", "list --carve", "list --no-symbols", "show regprotect", "check",
            "diff BASELINE", "verify"),
    *_asked("blinded-x64", "list", "check", "diff BASELINE"),
    *_asked("stopped-x64", "show --thread", "decode", "key ffffe10a20000110",
            "decode RegNtPreCreateKeyEx ffffe10a1ff871f8",
            "decode RegNtPostQueryValueKey ffffe10a1ff87bd8"),
    *_asked("windows7-x86", "list", "check", "show 5"),
    Question("sound-x64", ("doctor",)),
]  # fmt: skip
