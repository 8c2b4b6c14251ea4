"""The symbols of one loaded image: its PDB where one is found, else its exports."""

from __future__ import annotations

from bisect import bisect_right
from typing import Callable, TypeVar

from .errors import MemoryUnreadable, SymbolFileError, TypeNotFound
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
    ) -> None:
        self.name = name
        self.base = base
        self.size = size
        self._memory = memory
        self._symbol_path = symbol_path
        self._problems = problems
        self._loaded = False

    @property
    def source(self) -> str:
        """Where its symbols come from: ``PDB``, ``exports`` or ``image, which has no symbols``."""
        self._load()
        if self._pdb is not None:
            return "PDB"
        return "exports" if self._exports else "image, which has no symbols"

    def symbol(self, name: str) -> int | None:
        """The VA of ``name``, None without it."""
        self._load()
        if self._pdb is None:
            return self._exports.get(name)
        rva = self._ask(self._pdb.symbol, name)
        return None if rva is None else self.base + rva

    def nearest(self, address: int) -> tuple[str, int] | None:
        """The name at or closest below ``address`` and the distance in bytes, None without one."""
        self._load()
        if self._pdb is not None:
            found = self._ask(self._pdb.nearest, address - self.base)
            return (found[0], address - self.base - found[1]) if found else None
        index = bisect_right(self._export_addresses, address) - 1
        if index < 0:
            return None
        start = self._export_addresses[index]
        return self._export_names[start], address - start

    def field_offset(self, type_name: str, field: str) -> int:
        """The offset in bytes of ``type_name.field``; raises TypeNotFound."""
        self._load()
        offset = self._ask(self._pdb.field_offset, type_name, field) if self._pdb else None
        if offset is None:
            raise TypeNotFound(f"{type_name}.{field}", self.name)
        return offset

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
        self._export_names = {address: name for name, address in self._exports.items()}
        self._export_addresses = sorted(self._export_names)

    def _open_pdb(self) -> Pdb | None:
        try:
            reference = pdb_reference(self._memory, self.base)
        except MemoryUnreadable as error:
            self._note(f"its image headers are not present, so its PDB is not known: {error}")
            return None
        if reference is None:
            return None
        return self._symbol_path.open(reference, self._problems)

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
