"""Cabinets, around a dump and around a PDB in a store; and the store's ``file.ptr``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from unittest.mock import patch

from pykd_ext.target.pdb import Pdb
from tests.fuzz.byte_pokes import poked
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import ask
from tests.lab import make_dump
from tests.support.symbol_files.cabinet_file import cabinet, cabinet_of, lzx, mszip

__all__ = ["FUZZER"]


class FUZZER(Fuzzer):
    about = "cabinets around dumps and PDBs, pointers of stores"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        truth = make_dump(folder / "a.dmp", "x86-7601", 4)
        dump = Path(truth.path).read_bytes()
        self._dump, self._symbols = truth.path, truth.symbols
        kernel = next(Path(truth.symbols).glob("ntkr*.pdb"))
        pdb = Pdb(str(kernel))
        identity = f"{pdb.guid.replace('-', '')}{pdb.age:X}"
        pdb.close()
        self._store, self._home = folder / "store", folder / "home"
        place = self._store / kernel.name / identity
        place.mkdir(parents=True)
        self._compressed, self._pointer = place / f"{kernel.name[:-1]}_", place / "file.ptr"
        elsewhere = folder / kernel.name
        shutil.copyfile(kernel, elsewhere)
        packed = kernel.read_bytes()
        self._dumps = [cabinet_of({"a.dmp": dump, "b.txt": b"text"}, each) for each in (mszip, lzx)]
        self._pdbs = [cabinet(kernel.name, packed, each) for each in (mszip, lzx)]
        self._pointers = [f"PATH:{elsewhere}".encode(), b"MSG: ask the build team"]
        self._packed = folder / "packed.cab"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        kind = draw.number() % 5
        raw = draw.choice((self._dumps, self._dumps, self._pdbs, self._pdbs, self._pointers)[kind])
        size = len(raw) - (draw.number(2) if draw.number() == 1 else 0)

        def place() -> int:
            """The header, the folder, the files and the first block; or anywhere."""
            at = draw.number(2)
            return (at >> 1) % min(0x80, len(raw)) if at & 1 else at % len(raw)

        changed = poked(raw, draw, place, (len(raw),))[: max(size, 0)]
        if kind < 2:
            self._packed.write_bytes(changed)
            ask(["list", "--json", "-z", str(self._packed), "-y", self._symbols])
            return
        file = self._pointer if kind == 4 else self._compressed
        file.write_bytes(changed)
        try:
            # Where what was compressed is kept.
            with patch.dict(os.environ, HOME=str(self._home), USERPROFILE=str(self._home)):
                ask(["list", "--json", "-z", self._dump, "-y", f"srv*{self._store}"])
        finally:
            file.unlink()
            shutil.rmtree(self._home, ignore_errors=True)
