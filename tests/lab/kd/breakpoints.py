"""Software breakpoints: the target keeps them, and shows the debugger what is under them."""

from __future__ import annotations

from typing import NamedTuple

from .memory import GuestMemory

__all__ = ["Breakpoints"]

_INT3 = b"\xcc"
_HANDLES = range(1, 33)  # as KdpBreakpointTable: 32


class _Breakpoint(NamedTuple):
    address: int
    covered: int  # the byte under it


class Breakpoints:
    """The table of breakpoints. Handles are the debugger's names for them, from 1; 0 is none."""

    def __init__(self, memory: GuestMemory) -> None:
        self._memory = memory
        self._table: dict[int, _Breakpoint] = {}

    def addresses(self) -> list[int]:
        """Where they are."""
        return [each.address for each in self._table.values()]

    def insert(self, address: int) -> int:
        """A handle; 0 where there is no memory, or the table is full."""
        free = [handle for handle in _HANDLES if handle not in self._table]
        covered = self.read(address, 1)
        if not free or not covered:
            return 0
        self._table[free[0]] = _Breakpoint(address, covered[0])
        self._memory.write_code(address, _INT3)
        return free[0]

    def remove(self, handle: int) -> bool:
        """Whether there was such a breakpoint."""
        gone = self._table.pop(handle, None)
        if gone is None:
            return False
        if all(each.address != gone.address for each in self._table.values()):
            self._memory.write_code(gone.address, bytes([gone.covered]))
        return True

    def read(self, address: int, size: int) -> bytes:
        """Memory as it is without them."""
        data = bytearray(self._memory.read(address, size))
        for each in self._table.values():
            if address <= each.address < address + len(data):
                data[each.address - address] = each.covered
        return bytes(data)

    def write(self, address: int, data: bytes) -> int:
        """Writes memory and leaves the breakpoints in it; the number of bytes written."""
        patched = bytearray(data)
        for handle, each in self._table.items():
            if address <= each.address < address + len(data):
                self._table[handle] = each._replace(covered=data[each.address - address])
                patched[each.address - address] = _INT3[0]
        return self._memory.write_code(address, bytes(patched))
