"""Layouts that verify has saved (``--layout``)."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.json_pokes import poked
from tests.fuzz.oracle import ask
from tests.lab import make_dump

__all__ = ["FUZZER"]


class FUZZER(Fuzzer):
    about = "layout files"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._dumps = []
        for profile in ("x64-19041", "x86-2600"):
            truth = make_dump(folder / f"{profile}.dmp", profile)
            words = ("-z", truth.path, "-y", truth.symbols)
            document = json.loads(ask(["verify", "--json", *words]).output)
            self._dumps.append((words, document))
        self._path = folder / "layout.json"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        words, document = draw.choice(self._dumps)
        self._path.write_text(poked(document, draw), "utf-8")
        ask(["list", "--json", "--layout", str(self._path), *words])
