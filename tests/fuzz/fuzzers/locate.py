"""The code that the list is found by where there are no symbols."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, no_symbols
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]

_EXPORTS = ("CmUnRegisterCallback", "CmRegisterCallbackEx", "CmRegisterCallback")


class FUZZER(LabFuzzer):
    about = "the code that leads to the list without symbols"
    kinds = tuple(
        (each, 1, {}) for each in ("x64-19041", "x86-2600", "x86-7601", "arm64-22621", "x64-7601")
    )
    questions = (no_symbols("list", "--json"), no_symbols("check", "--json"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.code(*_EXPORTS), *file.blocks]
