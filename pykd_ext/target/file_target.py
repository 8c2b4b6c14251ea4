"""What targets have in common that are read from a file, with no debugger."""

from __future__ import annotations

from .address_space import AddressSpace
from .symbols_target import SymbolsTarget

__all__ = ["FileTarget"]


class FileTarget(SymbolsTarget):
    """The part of :class:`pykd_ext.target.Target` that an address space and symbols answer."""

    is_file = True
    taken = ""
    _space: AddressSpace

    @property
    def nt_base(self) -> int:
        return self._symbols.nt_base

    def read(self, address: int, size: int) -> bytes:
        return self._space.read(address, size)
