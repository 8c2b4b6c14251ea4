"""Dump headers, runs, page bitmaps, the tables of small dumps."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, no_symbols, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


class FUZZER(LabFuzzer):
    about = "headers of dumps, their runs and bitmaps"
    kinds = (
        *(("x64-19041", each, {}) for each in (1, 2, 4, 5)),
        *(("x86-7601", each, {}) for each in (1, 2, 4)),
        ("arm64-22621", 1, {}),
    )
    questions = (
        words("list", "--json"),
        words("check", "--json"),
        words("show", "--thread", "--json"),
        words("list"),
        no_symbols("list", "--json"),
    )

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return file.header
