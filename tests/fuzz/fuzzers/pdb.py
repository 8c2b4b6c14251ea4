"""PDBs: the container's blocks and streams, publics, functions, types, addresses."""

from __future__ import annotations

from pathlib import Path

from pykd_ext.target.errors import SymbolFileError
from pykd_ext.target.pdb import Pdb
from tests.fuzz.byte_pokes import poked
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import hold_line
from tests.lab import make_dump

__all__ = ["FUZZER"]

_NAMES = ("CallbackListHead", "CmRegisterCallbackEx", "AvfRegistryCallback", "")
_FIELDS = (("_EPROCESS", "UniqueProcessId"), ("_KTHREAD", "Process"), ("none", "none"))


class FUZZER(Fuzzer):
    about = "PDBs and their container"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        truths = [make_dump(folder / f"{each}.dmp", each) for each in ("x64-19041", "x86-7601")]
        found = [sorted(Path(each.symbols).rglob("*.pdb")) for each in truths]
        self._originals = [path.read_bytes() for paths in found for path in paths]
        self._path = folder / "changed.pdb"

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        raw = draw.choice(self._originals)
        rva = draw.number(3)
        size = len(raw) - (draw.number(2) if draw.number() == 1 else 0)

        def place() -> int:
            """The directory and the streams' headers are a few blocks, the first and last ones."""
            at = draw.number(3)
            return (at >> 1) % 0x1000 if at & 1 else at % len(raw)

        changed = poked(raw, draw, place, (len(raw), len(raw) // 4096), (1, 2, 4, 4))
        self._path.write_bytes(changed[: max(size, 0)])
        try:
            pdb = Pdb(str(self._path))
        except SymbolFileError as error:
            hold_line(str(error))
            return
        try:
            _ask(pdb, rva)
        finally:
            pdb.close()


def _ask(pdb: Pdb, rva: int) -> None:
    questions = [
        *((pdb.symbol, (each,)) for each in _NAMES),
        *((pdb.nearest, (each,)) for each in (rva, 0x1000, 0x7FFFFFFF)),
        *((pdb.field_offset, each) for each in _FIELDS),
    ]
    for question, arguments in questions:
        try:
            question(*arguments)  # type: ignore[operator]
        except SymbolFileError as error:
            hold_line(str(error))
