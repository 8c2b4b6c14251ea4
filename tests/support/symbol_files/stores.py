"""A PDB, another one of its name, and what is found of it on a symbol path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pykd_ext.target.image import PdbReference
from pykd_ext.target.symbol_path import SymbolPath

from .msf_file import empty_pdb
from .server import SymbolServer, symbol_server

__all__ = [
    "AGE", "GUID", "GUID_TEXT", "IDENTITY", "NAME", "ON_SERVER", "OTHER_GUID_TEXT", "RIGHT",
    "WANTED", "WRONG", "default_store", "files_below", "find", "home", "put", "server",
]  # fmt: skip

GUID = bytes(range(16))
GUID_TEXT = "03020100-0504-0706-0809-0A0B0C0D0E0F"
OTHER_GUID = b"\xee" * 16
OTHER_GUID_TEXT = "EEEEEEEE-EEEE-EEEE-EEEE-EEEEEEEEEEEE"
IDENTITY = "030201000504070608090A0B0C0D0E0F1A"
AGE = 0x1A
NAME = "Driver.pdb"
WANTED = PdbReference(NAME, GUID_TEXT, AGE)
RIGHT = empty_pdb(GUID, AGE)
WRONG = empty_pdb(OTHER_GUID, AGE)
ON_SERVER = f"/{NAME}/{IDENTITY}/{NAME}"


def put(path: Path, contents: bytes = RIGHT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    return path


def find(text: str, reference: PdbReference = WANTED) -> tuple[Path | None, list[str]]:
    """The PDB that is found and the problems; the PDB is closed again."""
    problems: list[str] = []
    pdb = SymbolPath(text).open(reference, problems)
    if pdb is None:
        return None, problems
    pdb.close()
    return Path(pdb.path), problems


def files_below(folder: Path) -> list[Path]:
    """Every file and every folder below ``folder``, hidden ones too."""
    return sorted(folder.rglob("*"))


def default_store(home: Path) -> Path:
    return home / ".regcb" / "symbols"


@pytest.fixture
def server() -> Iterator[SymbolServer]:
    with symbol_server() as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, where the default store is; for every test of a module that
    has it."""
    folder = tmp_path / "home"
    folder.mkdir()
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(folder))
    return folder
