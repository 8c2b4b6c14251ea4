"""A PDB: public symbols by name and by address, functions by address, fields of types.

Weighed on PyPI in 2026: pdbparse (GPL, a C extension, no release since 2020), purelypdb (GPL,
parses all of a PDB: 1.3 s for one of 6 MB), purepdb (BSD, kept up, but from Python 3.11 and no
types), symbolic (native code, no types), winpdb-rs (no wheels), dissect.executable (no PDBs),
volatility3's pdbconv (its whole framework, and all of a PDB as JSON). regcb has 50 ms for
everything, on Python 3.9 too, so this reader goes straight to what is asked for: a name through the
publics' hash table, an address through their address map, a type through the types' hashes.

Format: LLVM's PDB documentation (llvm.org/docs/PDB), microsoft/microsoft-pdb (gsi.cpp, misc.h,
cvinfo.h); the sources are named at the offsets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .architecture import ARCHITECTURES
from .errors import SymbolFileError
from .guids import guid_text
from .msf import Msf
from .pdb_addresses import Addresses
from .pdb_functions import Functions
from .pdb_publics import Publics
from .symbol_names import decorations, undecorated

if TYPE_CHECKING:
    from .pdb_types import Types

__all__ = ["Pdb"]

_INFO, _TPI, _DBI = 1, 2, 3  # fixed stream numbers


class Pdb:
    """One PDB file. All addresses are RVAs in the image it belongs to.

    Every method raises SymbolFileError where the file is damaged.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._msf = Msf(path)
        self._publics: Publics | None = None
        self._addresses: Addresses | None = None
        self._functions: Functions | None = None
        self._types: Types | None = None
        try:
            self._read_headers()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._msf.close()

    @property
    def is_whole(self) -> bool:
        """Whether the file has all of the blocks that it says it has."""
        return self._msf.is_whole

    def symbol(self, name: str) -> int | None:
        """The RVA of the public that C calls ``name``, None without it."""
        for spelling in decorations(name, self._is_x86):
            place = self._open_publics().by_name(spelling)
            if place is not None:
                return self._open_addresses().rva(*place)
        return None

    def nearest(self, rva: int) -> tuple[str, int] | None:
        """The name and RVA of the symbol at ``rva`` or closest below it, None without one.

        That is a public, or a function of a module that has symbols, if it starts there or closer.
        As in pykd, it may be of another section.
        """
        place = self._open_addresses().place(rva)
        if place is None:
            return None
        function = self._open_functions().at_or_below(*place)
        public = self._open_publics().at_or_below(*place)
        if public is not None and (function is None or public[:2] > function[:2]):
            found = public._replace(name=undecorated(public.name, self._is_x86))
        elif function is not None:
            found = function
        else:
            return None
        start = self._open_addresses().rva(found.segment, found.offset)
        return (found.name, start) if start is not None and start <= rva else None

    def field_offset(self, type_name: str, field: str) -> int | None:
        """The offset in bytes of a field of a structure, class or union, a bit-field's that of the
        unit that holds it; None without the type or field."""
        return self._open_types().field_offset(type_name, field)

    def _read_headers(self) -> None:
        """PdbStream.html: age +8, GUID +12; DbiStream.html: age +8, publics +16, symbols +20,
        machine +58.

        Images refer to the age in the DBI stream, which tools that strip a PDB keep; where that is
        0, dbghelp takes the other one.
        """
        info = self._msf.stream(_INFO)
        guid = info.read(12, 16)
        if len(guid) < 16:
            raise SymbolFileError(f"{self.path}: it has no GUID")
        self.guid = guid_text(guid)
        dbi = self._msf.find(_DBI)
        if dbi is None:
            raise SymbolFileError(
                f"{self.path} holds types alone, as a compiler writes: the linker's has the symbols"
            )
        self._dbi = dbi
        self.age = dbi.word(8) or info.word(8)
        self._is_x86 = dbi.word(58, 2) == ARCHITECTURES["x86"].machine

    def _open_publics(self) -> Publics:
        if self._publics is None:
            publics, records = self._dbi.word(16, 2), self._dbi.word(20, 2)
            self._publics = Publics(self._msf.stream(publics), self._msf.stream(records))
        return self._publics

    def _open_addresses(self) -> Addresses:
        if self._addresses is None:
            self._addresses = Addresses(self._msf, self._dbi)
        return self._addresses

    def _open_functions(self) -> Functions:
        if self._functions is None:
            self._functions = Functions(self._msf, self._dbi)
        return self._functions

    def _open_types(self) -> Types:
        if self._types is None:
            from .pdb_types import Types  # noqa: PLC0415 - a list asks for none

            self._types = Types(self._msf, _TPI)
        return self._types
