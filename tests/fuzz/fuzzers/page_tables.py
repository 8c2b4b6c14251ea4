"""Page tables, of dumps that say where they are and of raw memory where they are looked for."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


class FUZZER(LabFuzzer):
    about = "page tables"
    kinds = (
        ("x64-19041", 1, {}), ("x86-7601", 1, {}), ("arm64-22621", 1, {}),
        ("x64-26100-la57", 1, {}), ("x86-2600-nopae", 1, {}),
    )  # fmt: skip
    questions = (words("list", "--json"), words("check", "--json"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return file.tables
