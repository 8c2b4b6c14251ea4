"""What a callback is told: every class, at a stop and at an address."""

from __future__ import annotations

from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


def _any_class(file: LabFile, draw: Draw) -> list[str]:
    assert file.truth.stop
    told = file.truth.stop.notification
    number = draw.number() % 64
    return [
        "decode", str(number), f"{told.address + 4 * (draw.number() % 32):#x}", *file.symbols(),
        *(["--json"] if draw.number() & 1 else []), *(["--full"] if draw.number() & 1 else []),
        *(["--internal"] if draw.number() & 1 else []),
    ]  # fmt: skip


class FUZZER(LabFuzzer):
    about = "structures that callbacks are told by"
    kinds = (
        ("x64-19041", 1, {"stopped_in": "RegNtPreSetValueKey"}),
        ("x64-19041", 1, {"stopped_in": "RegNtPreCreateKeyEx"}),
        ("x64-22621", 1, {"stopped_in": "RegNtPostSetValueKey"}),
        ("x86-7601", 1, {"stopped_in": "RegNtPreQueryMultipleValueKey"}),
        ("arm64-22621", 1, {"stopped_in": "RegNtPreRenameKey"}),
    )
    questions = (words("decode", "--json"), words("decode"), _any_class, words("decode", "--full"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.notification, *file.keys]
