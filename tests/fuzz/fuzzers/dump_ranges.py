"""Dumps whose pages are told in ranges, as a current WinDbg writes them."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile
from tests.lab.dump_writer import RANGE_TYPES

__all__ = ["FUZZER"]


class FUZZER(LabFuzzer):
    about = "ranges of pages in dumps"
    kinds = tuple(("x64-19041", each, {}) for each in RANGE_TYPES)
    questions = (words("list", "--json"), words("check", "--json"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.header, *range(0x2000, 0x2100, 4)]
