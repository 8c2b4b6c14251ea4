"""``scan`` in each of its formats: a hostile dump's words in lines for others' programs."""

from __future__ import annotations

import json
from unittest.mock import patch

from pykd_ext.commands import scan
from pykd_ext.documents.scan_formats import FORMATS
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import LabFuzzer
from tests.fuzz.lab_files import LabFile
from tests.fuzz.oracle import ask, hold_rows
from tests.support.schemas import validate

__all__ = ["FUZZER"]


def _format(_: LabFile, draw: Draw) -> list[str]:
    return ["scan", "--host", "{folder}", "--format", draw.choice(tuple(FORMATS))]


class FUZZER(LabFuzzer):
    about = "what scan says in its formats"
    kinds = (
        ("x64-19041", 1, {"callbacks": 5}),
        ("x86-7601", 1, {"callbacks": 3, "damage": ("entry-unlinked",)}),
        ("arm64-22621", 1, {"callbacks": 3, "damage": ("prologue-returns",)}),
    )
    questions = (_format,)

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.blocks, *file.modules, *file.altitudes * 16, *file.functions]

    def ask(self, file: LabFile, words: list[str]) -> None:
        with patch.object(scan, "inside_debugger", lambda: True):  # in this process
            answer = ask([*words, *file.symbols(), str(file.path)])
        if words[-1] == "csv":
            hold_rows(answer.output)
            return
        for line in answer.output.splitlines():
            document = json.loads(line)
            assert document.get("fault") != "regcb", document["error"]
            if words[-1] == "jsonl":
                validate(document)
