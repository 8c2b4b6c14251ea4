"""The room as a target: what reads a dump reads the kernel that runs in it, with the same code."""

from __future__ import annotations

from collections.abc import Sequence

from ..target import BugCheck, Module, Symbol
from ..target.closing import ClosedAtEnd
from ..target.errors import (
    Implausible,
    MemoryUnreadable,
    SymbolNotFound,
    TargetError,
    TypeNotFound,
)
from ..target.image import exports
from ..target.memory import Memory
from ..target.symbol_path import SymbolPath
from ..target.symbols import ModuleSymbols
from .room import Room

__all__ = ["RoomTarget"]

_BUILD_MASK = 0x0FFF_FFFF  # NtBuildNumber: bits 28 to 31 tell a free build from a checked one


class RoomTarget(ClosedAtEnd):
    """Fulfils :class:`pykd_ext.target.protocol.Target` for the kernel in a room.

    Raises TargetError for an image without a kernel's exports.
    """

    kind = "room"
    module_list = 0
    debugger_data = 0
    is_file = False
    is_frozen = True
    taken = ""
    small_dump = None

    def __init__(self, room: Room, symbols: SymbolPath | None) -> None:
        self.room = room
        self.path: str | None = room.source.path
        self.architecture = room.source.architecture
        self.nt_base = room.source.base
        self.symbol_path = SymbolPath("") if symbols is None else symbols
        self.memory = Memory(self)
        self._problems: list[str] = []
        try:
            self.exports = exports(self.memory, self.nt_base)
        except (MemoryUnreadable, Implausible) as error:
            raise TargetError(f"{self.path}: its exports cannot be read: {error}") from None
        self._symbols: ModuleSymbols | None = None
        if symbols is not None:
            self._symbols = ModuleSymbols(
                self.memory, "nt", self.nt_base, room.source.size, symbols, self._problems
            )
        self.build = self._build()

    def read(self, address: int, size: int) -> bytes:
        return self.room.read(address, size)

    def symbol(self, name: str, module: str = "nt") -> int:
        found = self.exports.get(name)
        if found is None and self._symbols:
            found = self._symbols.symbol(name)
        if found is None:
            why = self._symbols.why_not if self._symbols else "no symbols are used"
            raise SymbolNotFound(name, module, why)
        return found

    def nearest_symbol(self, address: int) -> Symbol | None:
        found = self._symbols.nearest(address) if self._symbols else None
        return Symbol("nt", *found) if found else None

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        if self._symbols is None:
            raise TypeNotFound(f"{type_name}.{field}", module)
        return self._symbols.field_offset(type_name, field)

    def register(self, name: str) -> int:
        return self.room.register(name)

    def current_thread(self) -> int:
        return self.room.thread

    def bug_check(self) -> BugCheck | None:
        return None

    def physical_memory(self) -> None:
        return None

    def modules(self) -> Sequence[Module]:
        return [Module("nt", self.nt_base, self.room.source.size)]

    def symbol_problems(self) -> Sequence[str]:
        return self._problems

    def close(self) -> None:
        """There is nothing to let go of."""

    def _build(self) -> int:
        address = self.exports.get("NtBuildNumber")
        if address is None or "CmUnRegisterCallback" not in self.exports:
            raise TargetError(
                f"{self.path} is no kernel: it does not export NtBuildNumber and "
                "CmUnRegisterCallback"
            )
        try:
            return self.memory.u32(address) & _BUILD_MASK
        except MemoryUnreadable as error:
            raise TargetError(f"{self.path}: its NtBuildNumber cannot be read: {error}") from None
