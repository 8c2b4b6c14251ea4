"""Dumps of a crash: the bug check's parameters, and the thread that died."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, no_symbols, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]

# REGISTRY_FILTER_DRIVER_EXCEPTION, SYSTEM_SERVICE_EXCEPTION, SYSTEM_THREAD_EXCEPTION_NOT_HANDLED,
# UNEXPECTED_KERNEL_MODE_TRAP, KERNEL_SECURITY_CHECK_FAILURE: each leads elsewhere.
_CODES = (0x135, 0x3B, 0x7E, 0x7F, 0x139)
_PROFILES = ("x64-19041", "x64-22621", "x86-7601", "x64-19041", "arm64-22621")


class FUZZER(LabFuzzer):
    about = "dumps of a crash"
    kinds = tuple(
        (profile, 1, {"stopped_in": "RegNtPreSetValueKey", "bug_check": (code,)})
        for code, profile in zip(_CODES, _PROFILES)
    )
    questions = (
        words("check", "--json"),
        no_symbols("check", "--json"),
        words("show", "--thread", "--json"),
        words("check"),
    )

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.header, *file.threads]
