"""Images of memory: LiME, ELF, VMware, hibernation, gzip, raw."""

from __future__ import annotations

from tests.fuzz.fuzzer import LabFuzzer, words
from tests.fuzz.lab_files import LabFile

__all__ = ["FUZZER"]


class FUZZER(LabFuzzer):
    about = "headers of images of memory"
    kinds = tuple(
        ("x64-19041", each, {}) for each in ("lime", "elf", "vmem", "sys", "raw.gz", "raw")
    )
    questions = (words("list", "--json"), words("list"))

    @staticmethod
    def places(file: LabFile) -> list[int]:
        # A hibernation file's sets lie one behind the other.
        sets = range(0x1000, len(file.raw), 0x40) if file.path.suffix == ".sys" else ()
        return [*range(0, 0x400, 4), *range(0x1000, 0x1200, 4), *file.header[-0x40:], *sets]
