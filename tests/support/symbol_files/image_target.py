"""A linked image in the memory of a target that has nothing else."""

from __future__ import annotations

from pathlib import Path

from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.memory import PAGE, Memory
from tests.lab.pe_image import PeImage

__all__ = ["BASE", "ImageTarget"]

BASE = 0xFFFFF804_10000000


class ImageTarget:
    """Fulfils as much of :class:`pykd_ext.target.Target` as :class:`Memory` asks for.

    ``data`` is the image as loaded at :data:`BASE`, to be changed at will; ``absent`` are the RVAs
    of pages that are paged out.
    """

    architecture = "x64"

    def __init__(self, image: Path) -> None:
        self.data = bytearray(PeImage(image).data)
        self.absent: set[int] = set()
        self.reads = 0
        self.memory = Memory(self)  # type: ignore[arg-type]

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        rva = address - BASE
        if rva in self.absent or not 0 <= rva < len(self.data):
            raise MemoryUnreadable(address, size)
        return bytes(self.data[rva : rva + size]).ljust(size, b"\0")

    def page_out(self, rva: int) -> None:
        """Takes away the page that holds ``rva``."""
        self.absent.add(rva - rva % PAGE)
