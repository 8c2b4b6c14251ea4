"""An image of a machine's memory as a target: no debugger, and no header of a dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import BugCheck
from .errors import RegisterUnavailable
from .file_target import FileTarget
from .find_machine import find_machine
from .loaded_symbols import LoadedSymbols
from .memory import Memory
from .symbol_path import SymbolPath

if TYPE_CHECKING:
    from .protocol import Container
    from .small_dump import SmallDump

__all__ = ["MemoryImage"]


class MemoryImage(FileTarget):
    """Fulfils :class:`pykd_ext.target.Target` for a container of physical memory."""

    kind = "memory-image"
    small_dump: SmallDump | None = None

    def __init__(self, container: Container, symbol_path: SymbolPath) -> None:
        """Raises TargetError when no Windows is found in it."""
        self._container = container
        self.symbol_path = symbol_path
        machine = find_machine(container)
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
            container.problems,  # pages that cannot be unpacked are added when they are read
            machine.debugger_data,
            kernel_base=machine.nt_base,
        )

    def physical_memory(self) -> Container:
        return self._container

    def register(self, name: str) -> int:
        raise RegisterUnavailable(
            name, f"this {self._container.kind} stands at no thread's registers"
        )

    def current_thread(self) -> int:
        raise RegisterUnavailable("thread", f"this {self._container.kind} has no current thread")

    def bug_check(self) -> BugCheck | None:
        return None

    def close(self) -> None:
        self._container.close()
