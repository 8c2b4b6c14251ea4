"""An image of a machine's memory as a target: no debugger, and no header of a dump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import BugCheck, Module, Symbol
from .closing import ClosedAtEnd
from .errors import RegisterUnavailable
from .find_machine import find_machine
from .loaded_symbols import LoadedSymbols
from .memory import Memory
from .symbol_path import SymbolPath

if TYPE_CHECKING:
    from .protocol import Container
    from .small_dump import SmallDump

__all__ = ["MemoryImage"]


class MemoryImage(ClosedAtEnd):
    """Fulfils :class:`pykd_ext.target.Target` for a container of physical memory."""

    kind = "memory-image"
    is_file = True
    small_dump: SmallDump | None = None

    def __init__(self, container: Container, symbol_path: SymbolPath) -> None:
        """Raises TargetError when no Windows is found in it."""
        self._container = container
        self.symbol_path = symbol_path
        machine = find_machine(container, container.hints)
        self._space = machine.space
        self.path: str | None = container.path
        self.architecture = machine.space.architecture
        self.build = machine.build
        self.module_list = machine.module_list
        self.debugger_data = machine.debugger_data
        self.memory = Memory(self)
        self.is_frozen = container.hints.is_frozen
        self._symbols = LoadedSymbols(
            self.memory,
            machine.module_list,
            symbol_path,
            list(container.problems),
            machine.debugger_data,
            kernel_base=machine.nt_base,
        )

    @property
    def nt_base(self) -> int:
        return self._symbols.nt_base

    def read(self, address: int, size: int) -> bytes:
        return self._space.read(address, size)

    def physical_memory(self) -> Container:
        return self._container

    def symbol(self, name: str, module: str = "nt") -> int:
        return self._symbols.symbol(name, module)

    def nearest_symbol(self, address: int) -> Symbol | None:
        return self._symbols.nearest(address)

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        return self._symbols.field_offset(type_name, field, module)

    def register(self, name: str) -> int:
        raise RegisterUnavailable(name, f"a {self._container.kind} stands at no thread's registers")

    def current_thread(self) -> int:
        raise RegisterUnavailable("thread", f"a {self._container.kind} has no current thread")

    def bug_check(self) -> BugCheck | None:
        return None

    def modules(self) -> Sequence[Module]:
        return self._symbols.modules()

    def symbol_problems(self) -> Sequence[str]:
        return self._symbols.problems

    def close(self) -> None:
        self._container.close()
