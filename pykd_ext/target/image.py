"""An image as the loader mapped it: what its headers say, read from target memory.

pefile reads files and whole images; here every page may be absent, and four fields are wanted.
Offsets: winnt.h (IMAGE_NT_HEADERS, IMAGE_DEBUG_DIRECTORY, IMAGE_EXPORT_DIRECTORY); RSDS record:
LLVM, PdbStream.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .errors import Implausible, MemoryUnreadable
from .fields import Record, words
from .guids import guid_text
from .memory import PAGE, Memory

__all__ = [
    "DIRECTORY_EXCEPTION",
    "DIRECTORY_EXPORT",
    "DIRECTORY_IAT",
    "DIRECTORY_LOAD_CONFIG",
    "DIRECTORY_RESOURCE",
    "SECTION_HEADER",
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
    "time_date_stamp",
]

_OPTIONAL_HEADER_64 = 0x20B
DIRECTORY_RESOURCE, DIRECTORY_EXCEPTION, DIRECTORY_LOAD_CONFIG = 2, 3, 10
DIRECTORY_IAT = 12
DIRECTORY_EXPORT, _DIRECTORY_DEBUG = 0, 6
_DEBUG_TYPE_CODEVIEW = 2
_DEBUG_TYPE_BBT = 10  # IMAGE_DEBUG_TYPE_RESERVED10 in winnt.h
_MOST_DEBUG_ENTRIES = 32
_MOST_SECTIONS = 96
_MOST_EXPORTS = 0x2000  # nt has the most of all drivers, 3,300
_MOST_NAME_PAGES = 256  # that their names lie on
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


def _section(fields: Iterable[Any]) -> Section:
    name, size, address, characteristics = fields
    return Section(name.rstrip(b"\0").decode("latin-1"), address, size, characteristics)


class _FileHeader(NamedTuple):
    """IMAGE_FILE_HEADER, behind the signature of IMAGE_NT_HEADERS."""

    machine: int
    sections: int
    time_date_stamp: int
    optional_header_size: int


class _DebugEntry(NamedTuple):
    """IMAGE_DEBUG_DIRECTORY; ``address`` is an RVA."""

    type: int
    size: int
    address: int


class _ExportTable(NamedTuple):
    """IMAGE_EXPORT_DIRECTORY: how many, and their RVAs."""

    functions: int
    names: int
    functions_at: int
    names_at: int
    ordinals_at: int


_E_LFANEW = 0x3C  # IMAGE_DOS_HEADER
_FILE_HEADER = Record("4xHHI8xH2x", _FileHeader._make)
_SIZE_OF_IMAGE = 56  # IMAGE_OPTIONAL_HEADER, of both kinds
SECTION_HEADER = Record("8sII20xI", _section)
_DEBUG_ENTRY = Record("12xIII4x", _DebugEntry._make)
_EXPORTS = Record("20xIIIII", _ExportTable._make)
_RSDS = struct.Struct("<4x16sI")  # GUID, age; the name follows


def size_of_image(memory: Memory, base: int) -> int:
    """OptionalHeader.SizeOfImage in bytes, 0 without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    return memory.u32(header + _FILE_HEADER.size + _SIZE_OF_IMAGE) if header else 0


def time_date_stamp(memory: Memory, base: int) -> int:
    """FileHeader.TimeDateStamp, 0 without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    return _file_header(memory, header).time_date_stamp if header else 0


def machine(memory: Memory, base: int) -> int:
    """IMAGE_FILE_MACHINE_*, 0 without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    return _file_header(memory, header).machine if header else 0


def sections(memory: Memory, base: int) -> list[Section]:
    """The section table, empty without a PE header; raises MemoryUnreadable."""
    header = _nt_headers(memory, base)
    if not header:
        return []
    about = _file_header(memory, header)
    table = header + _FILE_HEADER.size + about.optional_header_size
    count = min(about.sections, _MOST_SECTIONS)
    return list(SECTION_HEADER.each(memory.read(table, count * SECTION_HEADER.size)))


def is_rearranged(memory: Memory, base: int) -> bool:
    """Whether Microsoft's BBT has moved the image's functions, by its record in the debug
    directory: they lie without fill between them then. Raises MemoryUnreadable."""
    return any(each.type == _DEBUG_TYPE_BBT for each in _debug_directory(memory, base))


def pdb_reference(memory: Memory, base: int) -> PdbReference | None:
    """The CodeView record of the debug directory, None without one; raises MemoryUnreadable."""
    for entry in _debug_directory(memory, base):
        if entry.type != _DEBUG_TYPE_CODEVIEW:
            continue
        record = memory.read(base + entry.address, min(entry.size, _RSDS.size + _LONGEST_NAME))
        if len(record) > _RSDS.size and record.startswith(b"RSDS"):
            guid, age = _RSDS.unpack_from(record)
            name = record[_RSDS.size :].partition(b"\0")[0].decode("utf-8", "backslashreplace")
            return PdbReference(name, guid_text(guid), age)
    return None


def _debug_directory(memory: Memory, base: int) -> Iterator[_DebugEntry]:
    """Each entry is read when it is asked for: what comes behind it may be paged out."""
    directory, size = data_directory(memory, base, _DIRECTORY_DEBUG)
    for index in range(min(size // _DEBUG_ENTRY.size, _MOST_DEBUG_ENTRIES)):
        place = base + directory + index * _DEBUG_ENTRY.size
        yield _DEBUG_ENTRY.read(memory.read(place, _DEBUG_ENTRY.size))


def exports(memory: Memory, base: int) -> dict[str, int]:
    """The VA of each export by name, without forwarders; raises MemoryUnreadable, and Implausible
    for a table that is larger than any image's.

    They come in the table's order, that of their names; a name that is paged out is left out.
    """
    directory, size = data_directory(memory, base, DIRECTORY_EXPORT)
    if not directory:
        return {}
    table = _EXPORTS.read(memory.read(base + directory, _EXPORTS.size))
    if max(table.names, table.functions) > _MOST_EXPORTS:
        raise Implausible(
            f"its export table claims {max(table.names, table.functions)} functions, no image has "
            f"more than {_MOST_EXPORTS}"
        )
    functions = _words(memory, base + table.functions_at, table.functions, 4)
    names = _words(memory, base + table.names_at, table.names, 4)
    ordinals = _words(memory, base + table.ordinals_at, table.names, 2)
    if len({name_at // PAGE for name_at in names}) > _MOST_NAME_PAGES:
        raise Implausible(
            f"the names of its exports lie on more than {_MOST_NAME_PAGES} pages, no image's do"
        )
    found = {}
    for name_at, ordinal in zip(names, ordinals):
        rva = functions[ordinal] if ordinal < len(functions) else 0
        if not rva or directory <= rva < directory + size:
            continue
        name = _name(memory, base + name_at)
        if name is not None:
            found[name] = base + rva
    return found


def import_addresses(memory: Memory, base: int) -> list[int]:
    """What the loader has put into the import address table, in its order; raises
    MemoryUnreadable. Unlike the import directory, it stays when the driver has started."""
    directory, size = data_directory(memory, base, DIRECTORY_IAT)
    pointer = memory.pointer_size
    count = min(size // pointer, _MOST_IMPORTS) if directory else 0
    return list(_words(memory, base + directory, count, pointer))


def _words(memory: Memory, address: int, count: int, size: int) -> tuple[int, ...]:
    return words(memory.read(address, count * size), size)


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
    header = base + memory.u32(base + _E_LFANEW) % 0x1000
    return header if memory.read(header, 4) == b"PE\0\0" else 0


def _file_header(memory: Memory, header: int) -> _FileHeader:
    return _FILE_HEADER.read(memory.read(header, _FILE_HEADER.size))


def data_directory(memory: Memory, base: int, index: int) -> tuple[int, int]:
    """The RVA and size in bytes of a data directory, (0, 0) without it."""
    header = _nt_headers(memory, base)
    if not header:
        return 0, 0
    optional = header + _FILE_HEADER.size
    table = optional + (112 if memory.u16(optional) == _OPTIONAL_HEADER_64 else 96)
    if index >= memory.u32(table - 4):  # NumberOfRvaAndSizes
        return 0, 0
    rva, size = _words(memory, table + 8 * index, 2, 4)
    return rva, size
