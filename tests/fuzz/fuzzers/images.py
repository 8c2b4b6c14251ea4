"""Headers and directories of images in memory: sections, exports, debug, resources, functions."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, no_symbols, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


class FUZZER(LabFuzzer):
    about = "PE headers and directories in memory"
    kinds = (
        ("x64-19041", 1, {"callbacks": 3}), ("x86-7601", 1, {"callbacks": 3}),
        ("arm64-22621", 1, {"callbacks": 3}),
    )  # fmt: skip
    questions = (
        words("check", "--json"),
        no_symbols("check", "--json"),
        no_symbols("list", "--json"),
        words("show", "1", "--json"),
    )

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return file.images
