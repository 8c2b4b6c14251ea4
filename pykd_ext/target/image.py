"""An image as the loader mapped it: what its headers say, read from target memory.

pefile reads files and whole images; here every page may be absent, and four fields are wanted.
Offsets: winnt.h (IMAGE_NT_HEADERS, IMAGE_DEBUG_DIRECTORY, IMAGE_EXPORT_DIRECTORY); RSDS record:
LLVM, PdbStream.html.
"""

from __future__ import annotations

from typing import NamedTuple

from .errors import MemoryUnreadable
from .guids import guid_text
from .memory import PAGE, Memory

__all__ = [
    "DIRECTORY_EXCEPTION",
    "DIRECTORY_EXPORT",
    "DIRECTORY_IAT",
    "DIRECTORY_LOAD_CONFIG",
    "DIRECTORY_RESOURCE",
    "PdbReference",
    "Section",
    "data_directory",
    "exports",
    "import_addresses",
    "is_rearranged",
    "machine",
    "pdb_reference",
    "sections",
    "size_of_image",
]

_OPTIONAL_HEADER_64 = 0x20B
DIRECTORY_RESOURCE, DIRECTORY_EXCEPTION, DIRECTORY_LOAD_CONFIG = 2, 3, 10
DIRECTORY_IAT = 12
DIRECTORY_EXPORT, _DIRECTORY_DEBUG = 0, 6
_DEBUG_TYPE_CODEVIEW = 2
_DEBUG_TYPE_BBT = 10  # IMAGE_DEBUG_TYPE_RESERVED10 in winnt.h
_MOST_DEBUG_ENTRIES = 32
_MOST_SECTIONS = 96
_MOST_EXPORTS = 0x10000
_MOST_IMPORTS = 0x4000
_LONGEST_NAME = 260


class PdbReference(NamedTuple):
    """The PDB that an image asks for: its file name as linked, GUID and age."""

    name: str
    guid: str
    age: int


class Section(NamedTuple):
    """One section; ``address`` is an RVA, ``size`` is VirtualSize, in bytes."""

    name: str
    address: int
    size: int
    characteristics: int

    @property
    def readable(self) -> bool:
        return bool(self.characteristics & 0x4000_0000)  # IMAGE_SCN_MEM_READ

    @property
    def writable(self) -> bool:
        return bool(self.characteristics & 0x8000_0000)  # IMAGE_SCN_MEM_WRITE

    @property
    def executable(self) -> bool:
        return bool(self.characteristics & 0x2000_0000)  # IMAGE_SCN_MEM_EXECUTE

    @property
    def discardable(self) -> bool:
        return bool(self.characteristics & 0x0200_0000)  # IMAGE_SCN_MEM_DISCARDABLE


def size_of_image(memory: Memory, base: int) -> int:
    """OptionalHeader.SizeOfImage in bytes, 0 without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    return memory.u32(header + 24 + 56) if header else 0


def machine(memory: Memory, base: int) -> int:
    """IMAGE_FILE_MACHINE_*, 0 without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    return memory.u16(header + 4) if header else 0


def sections(memory: Memory, base: int) -> list[Section]:
    """The section table, empty without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    if not header:
        return []
    count = min(memory.u16(header + 6), _MOST_SECTIONS)
    table = memory.read(header + 24 + memory.u16(header + 20), 40 * count)

    def word(at: int) -> int:
        return int.from_bytes(table[at : at + 4], "little")

    return [
        Section(
            name=table[at : at + 8].rstrip(b"\0").decode("latin-1"),
            address=word(at + 12),
            size=word(at + 8),
            characteristics=word(at + 36),
        )
        for at in range(0, len(table), 40)
    ]


def is_rearranged(memory: Memory, base: int) -> bool:
    """Whether Microsoft's BBT has moved the image's functions, by its record in the debug
    directory: they lie without fill between them then. Raises MemoryUnreadable."""
    directory, size = data_directory(memory, base, _DIRECTORY_DEBUG)
    entries = range(directory, directory + min(size // 28, _MOST_DEBUG_ENTRIES) * 28, 28)
    return any(memory.u32(base + entry + 12) == _DEBUG_TYPE_BBT for entry in entries)


def pdb_reference(memory: Memory, base: int) -> PdbReference | None:
    """The CodeView record of the debug directory, None without one; raises MemoryUnreadable."""
    directory, size = data_directory(memory, base, _DIRECTORY_DEBUG)
    for entry in range(directory, directory + min(size // 28, _MOST_DEBUG_ENTRIES) * 28, 28):
        if memory.u32(base + entry + 12) != _DEBUG_TYPE_CODEVIEW:
            continue
        length, rva = memory.u32(base + entry + 16), memory.u32(base + entry + 20)
        record = memory.read(base + rva, min(length, 24 + _LONGEST_NAME))
        if record[:4] == b"RSDS" and len(record) > 24:
            name = record[24:].partition(b"\0")[0].decode("utf-8", "backslashreplace")
            age = int.from_bytes(record[20:24], "little")
            return PdbReference(name, guid_text(record[4:20]), age)
    return None


def exports(memory: Memory, base: int) -> dict[str, int]:
    """The VA of each export by name, without forwarders; raises MemoryUnreadable.

    They come in the table's order, that of their names; a name that is paged out is left out.
    """
    directory, size = data_directory(memory, base, DIRECTORY_EXPORT)
    if not directory:
        return {}
    header = memory.read(base + directory, 40)

    def word(at: int, raw: bytes = header) -> int:
        return int.from_bytes(raw[at : at + 4], "little")

    count = min(word(24), _MOST_EXPORTS)
    functions = memory.read(base + word(28), 4 * min(word(20), _MOST_EXPORTS))
    names = memory.read(base + word(32), 4 * count)
    ordinals = memory.read(base + word(36), 2 * count)
    found = {}
    for index in range(count):
        ordinal = int.from_bytes(ordinals[2 * index : 2 * index + 2], "little")
        rva = word(4 * ordinal, functions)
        if not rva or directory <= rva < directory + size:
            continue
        name = _name(memory, base + word(4 * index, names))
        if name is not None:
            found[name] = base + rva
    return found


def import_addresses(memory: Memory, base: int) -> list[int]:
    """What the loader has put into the import address table, in its order; raises
    MemoryUnreadable. Unlike the import directory, it stays when the driver has started."""
    directory, size = data_directory(memory, base, DIRECTORY_IAT)
    pointer = memory.pointer_size
    raw = memory.read(base + directory, min(size, _MOST_IMPORTS * pointer)) if directory else b""
    return [
        int.from_bytes(raw[at : at + pointer], "little")
        for at in range(0, len(raw) - pointer + 1, pointer)
    ]


def _name(memory: Memory, address: int) -> str | None:
    """A NUL-terminated name, read no further than its page when the next one is absent."""
    for size in (_LONGEST_NAME, PAGE - address % PAGE):
        try:
            return memory.read(address, size).partition(b"\0")[0].decode("latin-1")
        except MemoryUnreadable:
            continue
    return None


def _nt_headers(memory: Memory, base: int) -> int:
    """The VA of IMAGE_NT_HEADERS, 0 when ``base`` holds no image."""
    if memory.read(base, 2) != b"MZ":
        return 0
    header = base + memory.u32(base + 0x3C) % 0x1000
    return header if memory.read(header, 4) == b"PE\0\0" else 0


def data_directory(memory: Memory, base: int, index: int) -> tuple[int, int]:
    """The RVA and size in bytes of a data directory, (0, 0) without it."""
    header = _nt_headers(memory, base)
    if not header:
        return 0, 0
    table = header + 24 + (112 if memory.u16(header + 24) == _OPTIONAL_HEADER_64 else 96)
    if index >= memory.u32(table - 4):  # NumberOfRvaAndSizes
        return 0, 0
    return memory.u32(table + 8 * index), memory.u32(table + 8 * index + 4)
