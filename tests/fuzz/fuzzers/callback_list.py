"""The list and its blocks, XP's vector, the lists of modules."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, no_symbols, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


class FUZZER(LabFuzzer):
    about = "the list of callbacks, XP's vector, modules"
    kinds = tuple(
        (each, 1, {"callbacks": 5})
        for each in ("x64-19041", "x86-2600", "x64-6000", "x86-7601", "arm64-22621")
    )
    questions = (
        words("check", "--json"),
        words("list", "--json"),
        words("list", "--csv"),
        words("list", "--wide", "--carve"),
        words("check"),
        words("show", "1"),
        words("report"),
        no_symbols("list", "--json"),
    )

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.blocks, *file.modules, *file.altitudes * 16]  # as likely as the others
