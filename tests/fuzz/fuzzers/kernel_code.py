"""``verify`` of a dump: the kernel's code as it lies in memory, which is run."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, no_symbols, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]

_RUN = (
    "CmRegisterCallbackEx", "CmRegisterCallback", "CmUnRegisterCallback", "CmpCallCallBacksEx",
    "CmpCallCallBacks", "CmSetCallbackObjectContext", "CmGetCallbackVersion",
)  # fmt: skip


class FUZZER(LabFuzzer):
    about = "code that verify runs"
    cost = 4
    kinds = tuple((each, 1, {}) for each in ("x64-19041", "x86-2600", "x86-7601", "arm64-22621"))
    questions = (words("verify", "--json"), no_symbols("verify", "--json"), words("verify"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return file.code(*_RUN)
