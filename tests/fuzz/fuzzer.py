"""What a file of ``fuzzers/`` has as ``FUZZER``, and the three kinds that there are."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fuzz.draw import Draw
from tests.fuzz.lab_files import Kind, LabFile
from tests.fuzz.oracle import ask, hold_html

__all__ = ["Fuzzer", "LabFuzzer", "Question", "no_symbols", "words"]

_MOST_POKES = 64
_SEEDS = 24

Question = Callable[[LabFile, Draw], Sequence[str]]
"""The words of a command line about a lab's file, without the file."""


class Fuzzer:
    """One fuzzer; ``about`` is its line in the help. What it needs is made in ``folder``."""

    about = ""
    longest = 256  # bytes of an input
    cost = 1  # of an input, in others' of the same run

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seeds(self) -> list[bytes]:
        """The first inputs: the same on every run."""
        source = random.Random(14)
        return [bytes([index]) + source.randbytes(40) for index in range(_SEEDS)]

    def run(self, data: bytes) -> None:
        """One input; raises whatever is wrong, AssertionError for a wrong answer."""
        raise NotImplementedError


class LabFuzzer(Fuzzer):
    """Valid files of the lab with a few words changed, at places of one kind."""

    kinds: Sequence[Kind] = ()
    places: Callable[[LabFile], list[int]]
    questions: Sequence[Question] = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files = [LabFile(folder, kind) for kind in self.kinds]
        self._report = folder / "report.html"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        file = draw.choice(self._files)
        question = draw.choice(self.questions)
        words = list(question(file, draw))
        with file.path.open("r+b", buffering=0) as opened:
            pokes = self._pokes(file, draw)
            try:
                for at, raw in pokes.items():
                    opened.seek(at)
                    opened.write(raw)
                self.ask(file, words)
            finally:
                for at, raw in pokes.items():
                    opened.seek(at)
                    opened.write(file.raw[at : at + len(raw)])

    def ask(self, file: LabFile, words: list[str]) -> None:
        """The question about the file as it is now."""
        if words[0] == "report":
            self._report.unlink(missing_ok=True)
            words.append(str(self._report))
        ask([*words, "-z", str(file.path)])
        if words[0] == "report" and self._report.exists():
            hold_html(self._report.read_text("utf-8"))

    def _pokes(self, file: LabFile, draw: Draw) -> dict[int, bytes]:
        """What stands where. A place that was poked before is poked again."""
        places = type(self).places(file)
        pokes: dict[int, bytes] = {}
        while draw.is_left and len(pokes) < _MOST_POKES:
            at = draw.choice(places)
            size = (1, 2, 4, 8)[draw.number() % 4]
            value = draw.word(file.known) & ((1 << 8 * size) - 1)
            raw = value.to_bytes(size, "little")[: len(file.raw) - at]
            pokes[at] = raw
        return pokes


def words(*given: str) -> Question:
    """The same words about every file, with its symbols."""
    return lambda file, _: [*given, *file.symbols()]


def no_symbols(*given: str) -> Question:
    """The same without symbols."""
    return lambda _, __: [*given, "-y", ""]
