"""What targets have in common whose symbols are read by this package, and not by an engine."""

from __future__ import annotations

from collections.abc import Sequence

from . import Module, Symbol
from .closing import ClosedAtEnd
from .loaded_symbols import LoadedSymbols

__all__ = ["SymbolsTarget"]


class SymbolsTarget(ClosedAtEnd):
    """The part of :class:`pykd_ext.target.Target` that the images' symbols answer."""

    _symbols: LoadedSymbols

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
