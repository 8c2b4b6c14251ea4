"""Drivers' own files on the symbol path, which code in memory is compared with."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.byte_pokes import poked
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import ask
from tests.lab import make_dump
from tests.lab.image_store import write_image_store

__all__ = ["FUZZER"]

_HEADERS = 0x400  # bytes


class FUZZER(Fuzzer):
    about = "drivers' files on the symbol path"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files = []
        for profile in ("x64-19041", "x86-7601", "arm64-22621"):
            store = write_image_store(folder / profile, profile)
            dumps = [
                make_dump(folder / f"{profile}-{kind}.dmp", profile, kind).path for kind in (1, 4)
            ]
            for each in sorted([*store.rglob("*.sys"), *store.rglob("*.exe")]):
                if each.is_file():
                    self._files.append((each, each.read_bytes(), store, dumps))

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        path, raw, store, dumps = draw.choice(self._files)
        size = len(raw) - (draw.number(2) if draw.number() == 1 else 0)

        def place() -> int:
            at = draw.number(2)
            return (at >> 1) % _HEADERS if at & 1 else at % len(raw)

        dump = draw.choice(dumps)
        try:
            path.write_bytes(poked(raw, draw, place, (len(raw),))[: max(size, 0)])
            ask(["check", "--json", "-z", dump, "-y", str(store)])
        finally:
            path.write_bytes(raw)
