"""The first instructions of callbacks and of the kernel's functions, beside their own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile
from tests.lab.image_store import write_image_store

__all__ = ["FUZZER"]


def _with_images(file: LabFile, draw: Draw) -> Sequence[str]:
    command = ("check", "list")[draw.number() % 2]
    return [command, "--json", "-y", str(file.path.parent / file.truth.profile)]


class FUZZER(LabFuzzer):
    about = "code of callbacks, beside their drivers' files"
    kinds = (
        *((each, 1, {"callbacks": 3}) for each in ("x64-19041", "x86-7601", "arm64-22621")),
        ("x64-22621", 1, {"damage": ("prologue-hotpatched",)}),
        ("x86-7601", 1, {"damage": ("prologue-jumps-by-pointer",)}),
    )
    questions = (_with_images, words("check", "--json"))

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for each in {file.truth.profile for file in self._files}:
            write_image_store(folder / each, each)

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.functions, *file.code("CmUnRegisterCallback")]
