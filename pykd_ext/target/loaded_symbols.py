"""The symbols of all loaded images without a debugger: their PDBs, or their exports."""

from __future__ import annotations

from collections.abc import Sequence

from . import Module, Symbol
from .debugger_data import KERN_BASE, debugger_word
from .errors import Implausible, MemoryUnreadable, SymbolNotFound, TypeNotFound
from .image import size_of_image
from .memory import Memory
from .module_list import LoadedModule, debugger_names, loaded_modules
from .symbol_path import SymbolPath
from .symbols import ModuleSymbols

__all__ = ["LoadedSymbols"]


_OF_SMALL_DUMP = "; a small dump has no image: its file on the symbol path (-y) tells"
_MOST_NAMED = 100  # images whose addresses are named; callbacks lie in about ten


class LoadedSymbols:
    """Walks PsLoadedModuleList at the first question. ``problems`` gets a line for each file that
    could not be used."""

    def __init__(
        self,
        memory: Memory,
        module_list: int,
        symbol_path: SymbolPath,
        problems: list[str],
        debugger_data: int = 0,
        kernel_base: int = 0,
        listed: Sequence[LoadedModule] | None = None,
    ) -> None:
        """``debugger_data`` is the VA of KDDEBUGGER_DATA64, which knows where nt is whatever has
        been done to the list; ``kernel_base`` is that base where it is known already. ``listed``
        takes the list's place in a small dump."""
        self.problems = problems
        self._memory = memory
        self._module_list = module_list
        self._symbol_path = symbol_path
        self._debugger_data = debugger_data
        self._kernel_base = kernel_base
        self._listed = listed
        self._named: set[int] = set()  # bases of the images that were asked for names
        self._found: list[ModuleSymbols] | None = None

    @property
    def nt_base(self) -> int:
        """The base of the kernel's image; 0 when nothing leads to it."""
        return next((each.base for each in self._modules() if each.name == "nt"), 0)

    def symbol(self, name: str, module: str) -> int:
        """The VA of ``module!name``; raises SymbolNotFound."""
        for symbols in self._modules():
            if symbols.name == module:
                address = symbols.symbol(name)
                if address is not None:
                    return address
                raise SymbolNotFound(name, module, symbols.why_not)
        why = "; ".join(["no such image is in nt!PsLoadedModuleList", *self.problems])
        raise SymbolNotFound(name, module, why)

    def nearest(self, address: int) -> Symbol | None:
        """The symbol at or closest below ``address`` in the image that holds it."""
        for symbols in self._modules():
            if symbols.base <= address < symbols.base + symbols.size:
                nearest = symbols.nearest(address) if self._may_name(symbols.base) else None
                return Symbol(symbols.name, *nearest) if nearest else None
        return None

    def _may_name(self, base: int) -> bool:
        if base not in self._named and len(self._named) < _MOST_NAMED:
            self._named.add(base)
        problem = f"names were looked up in {_MOST_NAMED} images, and are in no more of them"
        if base not in self._named and problem not in self.problems:
            self.problems.append(problem)
        return base in self._named

    def field_offset(self, type_name: str, field: str, module: str) -> int:
        """The offset in bytes of ``module!type_name.field``; raises TypeNotFound."""
        for symbols in self._modules():
            if symbols.name == module:
                return symbols.field_offset(type_name, field)
        raise TypeNotFound(type_name, module)

    def modules(self) -> Sequence[Module]:
        """The images in load order; before them nt, where the list has not got it."""
        return [Module(each.name, each.base, each.size) for each in self._modules()]

    def _modules(self) -> list[ModuleSymbols]:
        if self._found is None:
            self._found = []
            listed: list[LoadedModule] = []
            try:
                if self._listed is None:
                    listed.extend(loaded_modules(self._memory, self._module_list))
                else:
                    listed.extend(self._listed)
            except (MemoryUnreadable, Implausible) as error:
                self.problems.append(f"nt!PsLoadedModuleList is cut short: {error}")
            base = self._kernel_base or debugger_word(self._memory, self._debugger_data, KERN_BASE)
            if base and all(each.base != base for each in listed):
                base = self._add_unlisted_kernel(base)
            if not base and listed:
                base = listed[0].base
            for name, module in zip(debugger_names(self._memory, listed, base), listed):
                self._add(name, module.base, module.size)
        return self._found

    def _add(self, name: str, base: int, size: int) -> None:
        assert self._found is not None
        path, problems = self._symbol_path, self.problems
        where_else = "" if self._listed is None else _OF_SMALL_DUMP
        self._found.append(
            ModuleSymbols(self._memory, name, base, size, path, problems, where_else)
        )

    def _add_unlisted_kernel(self, base: int) -> int:
        """``base``, or 0 where no image is."""
        try:
            size = size_of_image(self._memory, base)
        except MemoryUnreadable:
            return 0
        if not size:
            return 0
        self._add("nt", base, size)
        return base
