"""A crash dump as a target, with no debugger: Linux, macOS or Windows, x64, x86 or ARM64."""

from __future__ import annotations

from collections.abc import Sequence

from . import Module, Symbol
from .dump_file import PAGE, DumpFile
from .errors import MemoryUnreadable, SymbolNotFound, TypeNotFound
from .image import size_of_image
from .memory import Memory
from .module_list import debugger_name, loaded_modules, module_text
from .page_tables import paging_mode, translate
from .symbol_path import SymbolPath
from .symbols import ModuleSymbols

__all__ = ["CrashDump"]


class CrashDump:
    """Fulfils :class:`pykd_ext.target.Target` for a dump file."""

    kind = "crash-dump"

    def __init__(self, path: str, symbol_path: SymbolPath) -> None:
        """Raises TargetError when ``path`` is not a kernel dump that can be read."""
        self._file = DumpFile(path)
        header = self._file.header
        self.path: str | None = path
        self.architecture = header.architecture
        self.build = header.build
        self.module_list = header.module_list
        self.memory = Memory(self)
        self._paging = paging_mode(header.architecture, header.pae)
        self._symbol_path = symbol_path
        self._symbols: list[ModuleSymbols] | None = None
        self._problems = list(self._file.problems)

    @property
    def nt_base(self) -> int:
        """The base of the first image in PsLoadedModuleList; 0 when nothing leads to it."""
        modules = self._module_symbols()
        return modules[0].base if modules else 0

    def read(self, address: int, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            position = address + len(data)
            offset = position & (PAGE - 1)
            page = self._page(position)
            if page is None:
                raise MemoryUnreadable(address, size)
            data += page[offset : offset + size - len(data)]
        return bytes(data)

    def symbol(self, name: str, module: str = "nt") -> int:
        for symbols in self._module_symbols():
            if symbols.name == module:
                address = symbols.symbol(name)
                if address is not None:
                    return address
                raise SymbolNotFound(name, module, symbols.why_not)
        why = "; ".join(["no such image is in nt!PsLoadedModuleList", *self._problems])
        raise SymbolNotFound(name, module, why)

    def nearest_symbol(self, address: int) -> Symbol | None:
        for symbols in self._module_symbols():
            if symbols.base <= address < symbols.base + symbols.size:
                nearest = symbols.nearest(address)
                return Symbol(symbols.name, *nearest) if nearest else None
        return None

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        for symbols in self._module_symbols():
            if symbols.name == module:
                return symbols.field_offset(type_name, field)
        raise TypeNotFound(type_name, module)

    def register(self, name: str) -> int:
        from .registers import register  # noqa: PLC0415 - a list needs none

        return register(self.architecture, self._file.context(), name)

    def current_thread(self) -> int:
        from .current_thread import current_thread  # noqa: PLC0415 - a list needs none

        return current_thread(self)

    def modules(self) -> Sequence[Module]:
        return [Module(each.name, each.base, each.size) for each in self._module_symbols()]

    def symbol_problems(self) -> Sequence[str]:
        return self._problems

    def close(self) -> None:
        self._file.close()

    def _page(self, address: int) -> bytes | None:
        if not self._is_canonical(address):
            return None
        directory = self._file.header.directory_table
        physical = translate(self._file.word, self._paging, directory, address)
        return None if physical is None else self._file.page(physical >> 12)

    def _is_canonical(self, address: int) -> bool:
        if self.architecture == "x86":
            return 0 <= address < 1 << 32
        return address >> 47 in (0, 0x1FFFF)

    def _module_symbols(self) -> list[ModuleSymbols]:
        if self._symbols is None:
            self._symbols = []
            try:
                for module in loaded_modules(self.memory, self.module_list):
                    path = module_text(self.memory, module.full_dll_name)
                    name = debugger_name(path, module_text(self.memory, module.base_dll_name))
                    self._add_module(name if self._symbols else "nt", module.base, module.size)
            except MemoryUnreadable:
                pass  # kernel.drivers walks the same list and says so
            if not self._symbols:
                self._add_kernel_by_debugger_data()
        return self._symbols

    def _add_module(self, name: str, base: int, size: int) -> None:
        assert self._symbols is not None
        self._symbols.append(
            ModuleSymbols(self.memory, name, base, size, self._symbol_path, self._problems)
        )

    def _add_kernel_by_debugger_data(self) -> None:
        """nt alone, from KDDEBUGGER_DATA64 (wdbgexts.h: OwnerTag +0x10, KernBase +0x18)."""
        block = self._file.header.debugger_data
        try:
            if self.memory.read(block + 0x10, 4) != b"KDBG":
                return
            base = self.memory.u64(block + 0x18) & ((1 << 8 * self.memory.pointer_size) - 1)
            self._add_module("nt", base, size_of_image(self.memory, base))
        except MemoryUnreadable:
            return
