"""The running machine's memory: through its own page tables, or by physical address."""

from __future__ import annotations

from unicorn import Uc, UcError
from unicorn.x86_const import UC_X86_REG_CR3

from ..page_tables import PageTables
from ..physical_memory import PAGE, PhysicalMemory

__all__ = ["GuestMemory"]

_PRESENT, _LARGE = 1, 0x80
_FRAME = 0x000F_FFFF_FFFF_F000


class GuestMemory:
    """Memory of the emulator, filled from what was built. Addresses are VAs where not said."""

    def __init__(self, emulator: Uc, memory: PhysicalMemory, tables: PageTables) -> None:
        self._emulator = emulator
        self._tables = tables
        self.runs = memory.runs()
        for first, count in self.runs:
            emulator.mem_map(first * PAGE, count * PAGE)
            for frame in range(first, first + count):
                emulator.mem_write(frame * PAGE, bytes(memory.frames[frame]))

    def map(self, address: int, size: int, is_there: bool) -> None:
        """Takes pages off the address space, or gives them back where they were."""
        for page in range(address, address + size, PAGE):
            place = self._last_entry(page)
            entry = int.from_bytes(self._emulator.mem_read(place, 8), "little") & ~_PRESENT
            self._emulator.mem_write(place, (entry | is_there).to_bytes(8, "little"))
        self._emulator.reg_write(UC_X86_REG_CR3, self._tables.directory)  # flushes its TLB

    def _last_entry(self, address: int) -> int:
        """The physical address of a page's own entry."""
        table = self._tables.directory
        for shift, bits in self._tables.indexes:
            place = table + (address >> shift & (1 << bits) - 1) * 8
            table = int.from_bytes(self._emulator.mem_read(place, 8), "little") & _FRAME
        return place

    def physical_address(self, address: int) -> int | None:
        """Where the VA is mapped to, None where it is not (Intel SDM 3, 4.4 and 4.5)."""
        table = self._tables.directory
        for shift, bits in self._tables.indexes:
            index = address >> shift & (1 << bits) - 1
            entry = int.from_bytes(self._emulator.mem_read(table + index * 8, 8), "little")
            if not entry & _PRESENT:
                return None
            table = entry & _FRAME
            if shift in (30, 21) and entry & _LARGE:
                return (table & -1 << shift) + (address & (1 << shift) - 1)
        return table + (address & PAGE - 1)

    def read(self, address: int, size: int) -> bytes:
        """As many of ``size`` bytes as are there from ``address`` on."""
        data = b""
        while len(data) < size:
            here = address + len(data)
            place = self.physical_address(here)
            if place is None:
                break
            data += self.read_physical(place, min(size - len(data), PAGE - here % PAGE))
        return data

    def write(self, address: int, data: bytes) -> int:
        """How many bytes could be written."""
        done = 0
        while done < len(data):
            here = address + done
            place = self.physical_address(here)
            if place is None:
                break
            count = min(len(data) - done, PAGE - here % PAGE)
            self.write_physical(place, data[done : done + count])
            done += count
        return done

    def write_code(self, address: int, data: bytes) -> int:
        """As :meth:`write`; what the emulator has translated of the old code is forgotten."""
        done = self.write(address, data)
        self._emulator.ctl_flush_tb()
        return done

    def read_physical(self, address: int, size: int) -> bytes:
        """As many of ``size`` bytes as there is memory for."""
        while size:
            try:
                return bytes(self._emulator.mem_read(address, size))
            except UcError:
                size = min(size - 1, -address % PAGE)
        return b""

    def write_physical(self, address: int, data: bytes) -> int:
        """``len(data)``, or 0 where there is no memory."""
        try:
            self._emulator.mem_write(address, data)
        except UcError:
            return 0
        return len(data)

    def unsigned(self, address: int, size: int) -> int:
        """Raises KeyError where nothing is mapped."""
        data = self.read(address, size)
        if len(data) < size:
            raise KeyError(f"{address:#x} is not mapped")
        return int.from_bytes(data, "little")

    def write_unsigned(self, address: int, size: int, value: int) -> None:
        self.write(address, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))
