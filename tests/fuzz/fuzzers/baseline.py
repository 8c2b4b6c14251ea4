"""Baselines, which ``diff`` compares a dump with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import ValidationError

from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.json_pokes import poked
from tests.fuzz.oracle import ask
from tests.lab import make_dump
from tests.support.schemas import validate_as_a_reader

__all__ = ["FUZZER"]


class FUZZER(Fuzzer):
    about = "baselines of diff"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        truth = make_dump(folder / "a.dmp", "x64-19041", callbacks=3)
        self._of_dump = ("-z", truth.path, "-y", truth.symbols)
        self._documents = [
            json.loads(ask([command, "--json", *self._of_dump]).output)
            for command in ("list", "check")
        ]
        self._path = folder / "baseline.json"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        form = (["--json"], [], [])[draw.number() % 3]
        kind = draw.number() % 8
        text = poked(draw.choice(self._documents), draw).encode()
        if kind == 7:
            text = text[: len(text) // 2]
        self._path.write_bytes(text)
        words = ["diff", str(self._path), *form, *self._of_dump]
        ask(words, _validate)


def _validate(document: Mapping[str, Any]) -> None:
    """What a baseline has that regcb does not know, and what it lacks, is so in the answer, too."""
    try:
        validate_as_a_reader(document)
    except ValidationError as error:
        if error.validator != "required":
            raise
