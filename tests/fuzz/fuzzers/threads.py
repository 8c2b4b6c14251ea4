"""Processes, threads, their stacks and the callbacks that they are in."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]

_STOPPED = {"stopped_in": "RegNtPreSetValueKey", "callbacks": 5}


class FUZZER(LabFuzzer):
    about = "processes, threads, stacks"
    kinds = tuple((each, 1, _STOPPED) for each in ("x64-19041", "x86-7601", "arm64-22621"))
    questions = (
        words("show", "--thread", "--json"),
        words("show", "--thread"),
        words("decode", "--json"),
        words("check", "--json"),
        words("list", "--carve", "--json"),
    )

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return file.threads
