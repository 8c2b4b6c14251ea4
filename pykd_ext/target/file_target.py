"""What targets have in common that are read from a file, with no debugger."""

from __future__ import annotations

from collections.abc import Sequence

from . import Module, Symbol
from .address_space import AddressSpace
from .closing import ClosedAtEnd
from .loaded_symbols import LoadedSymbols

__all__ = ["FileTarget"]


class FileTarget(ClosedAtEnd):
    """The part of :class:`pykd_ext.target.Target` that an address space and symbols answer."""

    is_file = True
    _space: AddressSpace
    _symbols: LoadedSymbols

    @property
    def nt_base(self) -> int:
        return self._symbols.nt_base

    def read(self, address: int, size: int) -> bytes:
        return self._space.read(address, size)

    def symbol(self, name: str, module: str = "nt") -> int:
        return self._symbols.symbol(name, module)

    def nearest_symbol(self, address: int) -> Symbol | None:
        return self._symbols.nearest(address)

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        return self._symbols.field_offset(type_name, field, module)

    def modules(self) -> Sequence[Module]:
        return self._symbols.modules()

    def symbol_problems(self) -> Sequence[str]:
        return self._symbols.problems
