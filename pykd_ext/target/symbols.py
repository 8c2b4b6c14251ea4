"""The symbols of one loaded image: its PDB where one is found, else its exports."""

from __future__ import annotations

from typing import Callable, TypeVar

from .errors import Implausible, MemoryUnreadable, SymbolFileError, TypeNotFound
from .image import exports, pdb_reference
from .memory import Memory
from .pdb import Pdb
from .symbol_path import SymbolPath

__all__ = ["ModuleSymbols"]

_Answer = TypeVar("_Answer")


class ModuleSymbols:
    """Looks nothing up before it is asked to. Addresses are VAs.

    What went wrong with a symbol file is appended to ``problems``, once, as a line for the user.
    """

    def __init__(
        self,
        memory: Memory,
        name: str,
        base: int,
        size: int,
        symbol_path: SymbolPath,
        problems: list[str],
        where_else: str = "",
    ) -> None:
        """``where_else``: where its headers are, should they not be in memory."""
        self.name = name
        self.base = base
        self.size = size
        self._memory = memory
        self._symbol_path = symbol_path
        self._problems = problems
        self._where_else = where_else
        self._loaded = False

    @property
    def why_not(self) -> str:
        """Why a symbol is not found here: there is no PDB of the image, or not in it."""
        self._load()
        return f"it is not in {self._pdb.path}" if self._pdb else self._why_no_pdb

    def symbol(self, name: str) -> int | None:
        """The VA of ``name``, None without it."""
        self._load()
        if self._pdb is None:
            return self._exports.get(name)
        rva = self._ask(self._pdb.symbol, name)
        return None if rva is None else self.base + rva

    def nearest(self, address: int) -> tuple[str, int] | None:
        """The name at or closest below ``address`` and the distance in bytes, None without one.

        An export has its own address alone: most functions are none, and far from any."""
        self._load()
        if self._pdb is not None:
            found = self._ask(self._pdb.nearest, address - self.base)
            return (found[0], address - self.base - found[1]) if found else None
        exported = self._export_names.get(address)
        return None if exported is None else (exported, 0)

    def field_offset(self, type_name: str, field: str) -> int:
        """The offset in bytes of ``type_name.field``; raises TypeNotFound."""
        self._load()
        found = self._ask(self._pdb.field_offset, type_name, field) if self._pdb else None
        if found is None:
            raise TypeNotFound(f"{type_name}.{field}", self.name)
        return found

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        self._pdb = self._open_pdb()
        self._exports: dict[str, int] = {}
        if self._pdb is None:
            try:
                self._exports = exports(self._memory, self.base)
            except MemoryUnreadable as error:
                self._note(f"its export table is not present: {error}")
            except Implausible as error:
                self._note(str(error))
        # Of several names for one address pykd takes the first.
        self._export_names: dict[int, str] = {}
        for name, address in self._exports.items():
            self._export_names.setdefault(address, name)

    def _open_pdb(self) -> Pdb | None:
        try:
            reference = pdb_reference(self._memory, self.base)
        except MemoryUnreadable as error:
            why = f"its headers do not say which PDB it has: {error}"
            self._why_no_pdb = why + self._where_else
            self._note(self._why_no_pdb)
            return None
        if reference is None:
            self._why_no_pdb = "its image names no PDB"
            return None
        problems: list[str] = []
        pdb = self._symbol_path.open(reference, problems)
        self._problems += problems
        self._why_no_pdb = "; ".join(problems) or (
            f"{reference.name} {reference.guid} (age {reference.age}) is not on the symbol path, "
            "give it with -y FOLDER or -y 'srv*CACHE*SERVER'"
        )
        return pdb

    def _ask(self, question: Callable[..., _Answer | None], *arguments: object) -> _Answer | None:
        """A damaged PDB answers what it can; the rest is a problem, not an end."""
        try:
            return question(*arguments)
        except SymbolFileError as error:
            self._note(str(error))
            return None

    def _note(self, what: str) -> None:
        line = f"{self.name}: {what}"
        if line not in self._problems:
            self._problems.append(line)
