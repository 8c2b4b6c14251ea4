"""What an earlier scan has left, which ``--skip-done`` goes on from."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

from pykd_ext.commands import scan
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.json_pokes import poked
from tests.fuzz.oracle import ask
from tests.lab import make_dump

__all__ = ["FUZZER"]

_FORMATS = ("jsonl", "ecs", "ocsf", "timesketch")


class FUZZER(Fuzzer):
    about = "lines of an earlier scan"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._words = ["scan", make_dump(folder / "a.dmp", "x86-7601", 4).path, "-y", ""]
        self._path = folder / "lines"
        self._documents = [self._document(each) for each in _FORMATS]

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        index = draw.number() % len(_FORMATS)
        kind = draw.number() % 8
        line = poked(self._documents[index], draw).encode()
        if kind == 7:
            line = b"[" * 200_000
        if kind == 6:
            line = line[: len(line) // 2]
        self._path.write_bytes(line + b"\n" * (kind & 1))
        self._scan(_FORMATS[index])

    def _scan(self, form: str) -> None:
        with patch.object(scan, "inside_debugger", lambda: True):  # in this process
            ask([*self._words, "--format", form, "-o", str(self._path), "--skip-done"])

    def _document(self, form: str) -> object:
        self._path.unlink(missing_ok=True)
        self._scan(form)
        return json.loads(self._path.read_text("utf-8").splitlines()[0])
