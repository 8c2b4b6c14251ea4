"""A PDB as LLVM reads it: its publics by name, functions by address, types and fields."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pykd_ext.target.errors import SymbolFileError
from pykd_ext.target.pdb import Pdb

from .row import Row

__all__ = ["check"]

_PUBLIC = re.compile(r"S_PUB32 .*?`(.*)`\n.*addr = (\d+):(\d+)")
_FUNCTION = re.compile(r"S_[GL]PROC32(?:_ID)? .*?`(.*)`\n.*addr = (\d+):(\d+), code size")
_TYPE = re.compile(
    r"LF_(?:STRUCTURE|CLASS|UNION) \[size = \d+\] `(.*)`\n(?:.*unique name.*\n)?"
    r".*field list: (0x[0-9A-F]+)\n.*options: (.*?)sizeof \d+"
)
_FIELDS = re.compile(r"(0x[0-9A-F]+) \| LF_FIELDLIST \[size = \d+\]\n((?: {8,}.*\n)*)")
_MEMBER = re.compile(r"LF_MEMBER \[name = `(.*?)`, .*?offset = (\d+)")
_MOST_TYPES = 1000  # of one PDB: without hashes each is searched for from the beginning
_SECTION = re.compile(r"([0-9A-F]+) virtual address")


def check(files: Sequence[Path]) -> list[Row]:
    return [row for path in files for row in _judge(path)]


def _judge(path: Path) -> list[Row]:
    try:
        pdb = Pdb(str(path))
    except SymbolFileError as error:
        return [Row("PDB", path.name, 0, 0, f"refused: {error}")]
    tool = shutil.which("llvm-pdbutil")
    try:
        if tool is None:
            return [_opened(path, pdb)]
        sections = _SECTION.findall(_dump(tool, path, "-section-headers"))
        starts = [int(each, 16) for each in sections]
        return [
            _publics(path, pdb, _located(_PUBLIC, _dump(tool, path, "-publics"), starts)),
            _functions(path, pdb, _located(_FUNCTION, _dump(tool, path, "-symbols"), starts)),
            _types(path, pdb, _dump(tool, path, "-types")),
        ]
    except SymbolFileError as error:
        return [Row("PDB", path.name, 1, 0, str(error))]
    finally:
        pdb.close()


def _opened(path: Path, pdb: Pdb) -> Row:
    pdb.symbol("")
    pdb.nearest(0)
    pdb.field_offset("", "")
    return Row("PDB", path.name, 0, 0, "opened; llvm-pdbutil is not there to compare with")


def _located(pattern: re.Pattern[str], text: str, starts: list[int]) -> dict[int, set[str]]:
    """The names at each RVA; what lies in no section has none."""
    names_at: dict[int, set[str]] = {}
    for name, segment, offset in pattern.findall(text):
        if 0 < int(segment) <= len(starts):
            names_at.setdefault(starts[int(segment) - 1] + int(offset), set()).add(name)
    return names_at


def _publics(path: Path, pdb: Pdb, names_at: dict[int, set[str]]) -> Row:
    wrong = [
        f"{min(names)} is at {rva:#x}"
        for rva, names in names_at.items()
        if rva not in {pdb.symbol(each) for name in names for each in (name, _c_name(name))}
    ]
    return _row("PDB: publics by name", path, len(names_at), wrong)


def _functions(path: Path, pdb: Pdb, names_at: dict[int, set[str]]) -> Row:
    wrong = []
    for rva, names in names_at.items():
        found = pdb.nearest(rva)
        if found is None or found[1] != rva or found[0] not in names:
            wrong.append(f"{min(names)} is at {rva:#x}")
    return _row("PDB: functions by address", path, len(names_at), wrong)


def _types(path: Path, pdb: Pdb, text: str) -> Row:
    """The offsets of fields, where names are one type's and one field's alone. Anonymous
    and local types are hashed by other things than their names."""
    lists = {index: _MEMBER.findall(members) for index, members in _FIELDS.findall(text)}
    found = _TYPE.findall(text)
    namesakes = Counter(name for name, *_ in found)
    judged, wrong = 0, []
    alone = [
        each
        for each in found
        if namesakes[each[0]] == 1 and "<unnamed" not in each[0] and "scoped" not in each[2]
    ]
    for name, fields, _ in alone[:_MOST_TYPES]:
        members = lists.get(fields, [])
        namesakes_here = Counter(field for field, _ in members)
        for field, offset in members:
            if namesakes_here[field] > 1:
                continue
            judged += 1
            if pdb.field_offset(name, field) != int(offset):
                wrong.append(f"{name}.{field} is at {offset}")
    return _row("PDB: types and fields", path, judged, wrong)


def _row(check: str, path: Path, judged: int, wrong: list[str]) -> Row:
    return Row(check, path.name, judged, judged - len(wrong), "".join(wrong[:1]))


def _c_name(name: str) -> str:
    """What C calls ``_name@8``, ``@name@8`` and ``_name``."""
    return name[1:].partition("@")[0] if name[:1] in ("_", "@") else name


def _dump(tool: str, path: Path, what: str) -> str:
    command = [tool, "dump", what, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=600
    )
    return done.stdout
