"""The kernel's address space: mapping, reading, writing, and linking lists."""

from __future__ import annotations

from .page_tables import PageTables
from .physical_memory import PAGE, PhysicalMemory

__all__ = ["AddressSpace"]


class AddressSpace:
    """Reads and writes at VAs, little-endian. An unmapped address raises KeyError."""

    def __init__(self, memory: PhysicalMemory, tables: PageTables, pointer_size: int) -> None:
        self.memory = memory
        self.tables = tables
        self.pointer_size = pointer_size

    def map(self, address: int, size: int, executable: bool = False) -> None:
        """Maps every page that ``size`` bytes at ``address`` touch."""
        for page in range(address & ~(PAGE - 1), address + size, PAGE):
            self.tables.map(page, executable)

    def read(self, address: int, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            frame, offset = self._place(address + len(data))
            data += frame[offset : offset + size - len(data)]
        return bytes(data)

    def write(self, address: int, data: bytes) -> None:
        done = 0
        while done < len(data):
            frame, offset = self._place(address + done)
            count = min(PAGE - offset, len(data) - done)
            frame[offset : offset + count] = data[done : done + count]
            done += count

    def unsigned(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def pointer(self, address: int) -> int:
        return self.unsigned(address, self.pointer_size)

    def write_unsigned(self, address: int, size: int, value: int) -> None:
        self.write(address, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def write_pointer(self, address: int, value: int) -> None:
        self.write_unsigned(address, self.pointer_size, value)

    def write_unicode_string(
        self, address: int, buffer: int, length: int, maximum_length: int
    ) -> None:
        """A UNICODE_STRING structure; lengths in bytes. Its text is written by the caller."""
        self.write_unsigned(address, 2, length)
        self.write_unsigned(address + 2, 2, maximum_length)
        self.write_pointer(address + self.pointer_size, buffer)

    def link(self, head: int, entries: list[int]) -> None:
        """Makes ``head`` and ``entries``, VAs of LIST_ENTRYs, one circular list."""
        ring = [head, *entries]
        for index, entry in enumerate(ring):
            self.write_pointer(entry, ring[(index + 1) % len(ring)])
            self.write_pointer(entry + self.pointer_size, ring[index - 1])

    def unlink(self, entry: int) -> None:
        """RemoveEntryList: the LIST_ENTRY at ``entry`` keeps its own links."""
        after, before = self.pointer(entry), self.pointer(entry + self.pointer_size)
        self.write_pointer(before, after)
        self.write_pointer(after + self.pointer_size, before)

    def _place(self, address: int) -> tuple[bytearray, int]:
        frame = self.tables.frame(address)
        if frame is None:
            raise KeyError(f"{address:#x} is not mapped")
        return self.memory.frames[frame], address & (PAGE - 1)
