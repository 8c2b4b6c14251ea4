"""Pool blocks with their headers, allocated upwards in one range.

POOL_HEADER: public PDBs, sizes in units of the header's own size. PoolType of a block in use:
volatility3 symbols/windows/extensions/pool.py (paged: odd from Vista on, even before).
"""

from __future__ import annotations

import struct

from .address_space import AddressSpace
from .physical_memory import PAGE

__all__ = ["Pool"]

_FREE = 0  # PoolType


class Pool:
    """One pool, paged or not. Pages are mapped as they are needed."""

    def __init__(self, space: AddressSpace, start: int, paged: bool, build: int) -> None:
        self._space = space
        self._next = start
        self._previous = 0  # size of the block before, in units
        self._unit = 2 * space.pointer_size
        self._type = (2 if build >= 6000 else 1) + paged

    def allocate(self, size: int, tag: bytes) -> int:
        """The VA of ``size`` zeroed bytes behind a header with the four bytes of ``tag``.

        What is left of the page becomes a free block. Raises ValueError for more than a page.
        """
        units = -(-size // self._unit) + 1
        total = units * self._unit
        if total > PAGE:
            raise ValueError(f"a block of {size:#x} bytes does not fit into a page")
        if self._next % PAGE + total > PAGE:
            self.new_page()
        header = self._next
        self._space.map(header, total)
        self._space.write(header, self._header(units, self._type, tag))
        self._next, self._previous = header + total, units
        rest = -self._next % PAGE
        if rest:
            self._space.write(self._next, self._header(rest // self._unit, _FREE, b"Free"))
        else:
            self._previous = 0
        return header + self._unit

    def new_page(self) -> None:
        """Lets the next block start on a page of its own."""
        self._next = (self._next + PAGE - 1) & ~(PAGE - 1)
        self._previous = 0

    def text(self, text: str, tag: bytes, terminated: bool) -> tuple[int, int]:
        """A block with ``text`` in UTF-16: its VA, and the length in bytes without terminator."""
        raw = text.encode("utf-16-le", "surrogatepass")
        block = self.allocate(max(len(raw) + 2 * terminated, 1), tag)
        self._space.write(block, raw)
        return block, len(raw)

    def _header(self, units: int, pool_type: int, tag: bytes) -> bytes:
        if self._space.pointer_size == 8:
            # PreviousSize:8, PoolIndex:8, BlockSize:8, PoolType:8, PoolTag, ProcessBilled
            return struct.pack("<BBBB4sQ", self._previous, 0, units & 0xFF, pool_type, tag, 0)
        # PreviousSize:9, PoolIndex:7, BlockSize:9, PoolType:7, PoolTag
        return struct.pack("<HH4s", self._previous, units | pool_type << 9, tag)
