"""Key objects, control blocks, names, handles, object contexts."""

from __future__ import annotations

from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


def _by_address(file: LabFile, draw: Draw) -> list[str]:
    key = draw.choice(list(file.truth.keys.values()))
    return ["key", f"{key.address:#x}", *file.symbols(), *(["--json"] if draw.number() & 1 else [])]


def _by_handle(file: LabFile, draw: Draw) -> list[str]:
    key = draw.choice(list(file.truth.keys.values()))
    return [
        "key", f"{key.handle:#x}", "--process", str(key.process_id), *file.symbols(),
        *(["--json"] if draw.number() & 1 else []),
    ]  # fmt: skip


class FUZZER(LabFuzzer):
    about = "key objects, control blocks, handles, object contexts"
    kinds = tuple(
        (each, 1, {"callbacks": 3})
        for each in ("x64-19041", "x86-2600", "x64-7601", "x64-26100", "arm64-22621")
    )
    questions = (_by_address, _by_handle, words("show", "1"), words("show", "2", "--json"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.keys, *file.blocks]
