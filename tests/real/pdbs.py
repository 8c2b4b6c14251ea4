"""Every public of a PDB, as LLVM reads it, must be found by its address and by its name."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pykd_ext.target.errors import SymbolFileError
from pykd_ext.target.pdb import Pdb

from .row import Row

__all__ = ["check"]

_PUBLIC = re.compile(r"S_PUB32 .*?`(.*)`\n.*addr = (\d+):(\d+)")
_SECTION = re.compile(r"([0-9A-F]+) virtual address")


def check(files: Sequence[Path]) -> list[Row]:
    return [_judge(path) for path in files]


def _judge(path: Path) -> Row:
    try:
        pdb = Pdb(str(path))
    except SymbolFileError as error:
        return Row("PDB", path.name, 0, 0, f"refused: {error}")
    try:
        return _publics(path, pdb)
    except SymbolFileError as error:
        return Row("PDB", path.name, 1, 0, str(error))
    finally:
        pdb.close()


def _publics(path: Path, pdb: Pdb) -> Row:
    tool = shutil.which("llvm-pdbutil")
    if tool is None:
        return Row("PDB", path.name, 0, 0, "opened; llvm-pdbutil is not there to compare with")
    sections = [int(each, 16) for each in _SECTION.findall(_dump(tool, path, "-section-headers"))]
    names_at: dict[int, set[str]] = {}
    for name, segment, offset in _PUBLIC.findall(_dump(tool, path, "-publics")):
        if 0 < int(segment) <= len(sections):
            rva = sections[int(segment) - 1] + int(offset)
            names_at.setdefault(rva, set()).add(name)
    held, first = 0, ""
    for rva, names in names_at.items():
        found = {pdb.symbol(each) for name in names for each in (name, _c_name(name))}
        if rva in found:
            held += 1
        elif not first:
            first = f"{min(names)} is at {rva:#x}"
    return Row("PDB: publics by name", path.name, len(names_at), held, first)


def _c_name(name: str) -> str:
    """What C calls ``_name@8``, ``@name@8`` and ``_name``."""
    return name[1:].partition("@")[0] if name[:1] in ("_", "@") else name


def _dump(tool: str, path: Path, what: str) -> str:
    command = [tool, "dump", what, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=600
    )
    return done.stdout
