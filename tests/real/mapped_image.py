"""An image file as the loader would map it, at a kernel's address."""

from __future__ import annotations

from pathlib import Path

import pefile

from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.memory import PAGE, Memory

__all__ = ["MappedImage"]

_ARCHITECTURES = {0x14C: "x86", 0x8664: "x64", 0xAA64: "arm64"}  # IMAGE_FILE_MACHINE_*
_BASES = {"x86": 0x82800000, "x64": 0xFFFFF803_12340000, "arm64": 0xFFFFF803_12340000}
_LARGEST = 1 << 28  # bytes of one image


class MappedImage:
    """Fulfils as much of :class:`pykd_ext.target.Target` as :class:`Memory` and readers of images
    ask for. Raises pefile.PEFormatError, ValueError, OSError for what is no image."""

    def __init__(self, path: Path) -> None:
        self.pe = pefile.PE(str(path), fast_load=True)
        self.pe.parse_data_directories(
            [
                pefile.DIRECTORY_ENTRY[f"IMAGE_DIRECTORY_ENTRY_{each}"]
                for each in ("EXPORT", "DEBUG")
            ]
        )
        found = _ARCHITECTURES.get(self.pe.FILE_HEADER.Machine)
        size = self.pe.OPTIONAL_HEADER.SizeOfImage
        if found is None or size > _LARGEST:
            self.close()
            raise ValueError(f"machine {self.pe.FILE_HEADER.Machine:#x}, {size:#x} bytes")
        self.architecture = found
        self.nt_base = _BASES[found]
        # Whose sections share pages lies in memory as in its file (XP's kernels).
        is_flat = self.pe.OPTIONAL_HEADER.SectionAlignment < PAGE
        raw = (
            path.read_bytes()
            if is_flat
            else self.pe.get_memory_mapped_image(max_virtual_address=_LARGEST)
        )
        pages = size + -size % PAGE
        self.data = bytes(raw[:size]).ljust(pages, b"\0")
        self.memory = Memory(self)  # type: ignore[arg-type]

    def read(self, address: int, size: int) -> bytes:
        start = address - self.nt_base
        if not 0 <= start <= start + size <= len(self.data):
            raise MemoryUnreadable(address, size)
        return self.data[start : start + size]

    def close(self) -> None:
        self.pe.close()
