"""Virtual memory out of physical: one address space of a machine that does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .architecture import ARCHITECTURES, ArchitectureName
from .errors import MemoryUnreadable
from .memory import PAGE
from .page_tables import Paging, translate

if TYPE_CHECKING:
    from .protocol import PhysicalMemory

__all__ = ["AddressSpace"]


class AddressSpace:
    """What ``directory``, the physical address of the top page table, maps."""

    def __init__(
        self,
        physical: PhysicalMemory,
        architecture: ArchitectureName,
        paging: Paging,
        directory: int,
    ) -> None:
        self.architecture = architecture
        self.physical = physical
        self.paging = paging
        self.directory = directory
        self._is_32_bit = ARCHITECTURES[architecture].pointer_size == 4

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at the VA ``address``; raises MemoryUnreadable."""
        data = bytearray()
        while len(data) < size:
            position = address + len(data)
            offset = position & (PAGE - 1)
            page = self._page(position)
            if page is None:
                raise MemoryUnreadable(address, size)
            data += page[offset : offset + size - len(data)]
        return bytes(data)

    def maps(self, address: int) -> bool:
        """Whether the tables lead from the VA to a page, be it there or not."""
        return self._physical(address) is not None

    def _page(self, address: int) -> bytes | None:
        found = self._physical(address)
        return None if found is None else self.physical.page(found >> 12)

    def _physical(self, address: int) -> int | None:
        if not self._is_canonical(address):
            return None
        return translate(self.physical.word, self.paging, self.directory, address)

    def _is_canonical(self, address: int) -> bool:
        if self._is_32_bit:
            return 0 <= address < 1 << 32
        bits = self.paging.address_bits
        return address >> bits - 1 in (0, (1 << 65 - bits) - 1)
