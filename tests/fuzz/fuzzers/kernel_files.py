"""``verify IMAGE``: headers, sections, exports and relocations of a kernel's file, and its code."""

from __future__ import annotations

from pathlib import Path

import pefile

from tests.fuzz.byte_pokes import poked
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import ask
from tests.support.kernel_files import image_of, symbols_of

__all__ = ["FUZZER"]

_PROFILES = ("x64-19041", "x86-7601", "arm64-22621", "x86-2600")
_HEADERS = 0x400  # bytes
_DIRECTORIES = (0, 3, 5)  # exports, functions, relocations


class FUZZER(Fuzzer):
    about = "kernels' files that verify is given"
    cost = 4

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._kernels = []
        for each in _PROFILES:
            raw = image_of(each).read_bytes()
            self._kernels.append((raw, str(symbols_of(each)), _tables(raw)))
        self._path = folder / "ntoskrnl.exe"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        raw, symbols, tables = draw.choice(self._kernels)
        with_symbols = draw.number() & 1

        def place() -> int:
            """The headers, a directory, or anywhere, code foremost."""
            at = draw.number(2)
            kind = draw.number() % 4
            if kind == 0:
                return at % _HEADERS
            return draw.choice(tables) + at % 0x100 if kind == 1 else at % len(raw)

        self._path.write_bytes(poked(raw, draw, place, (len(raw),)))
        ask(["verify", str(self._path), "--json", "-y", symbols if with_symbols else ""])


def _tables(raw: bytes) -> list[int]:
    """File offsets of directories."""
    with pefile.PE(data=raw, fast_load=True) as image:
        found = [image.OPTIONAL_HEADER.DATA_DIRECTORY[each] for each in _DIRECTORIES]
        return [image.get_offset_from_rva(each.VirtualAddress) for each in found if each.Size]
