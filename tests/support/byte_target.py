"""A target that is a few pages of bytes, and a pen to write a notification's structures on them."""

from __future__ import annotations

from collections.abc import Sequence

from pykd_ext.notify.structures import structure
from pykd_ext.target import BugCheck, Module, Symbol
from pykd_ext.target.architecture import ARCHITECTURES
from pykd_ext.target.closing import ClosedAtEnd
from pykd_ext.target.errors import (
    MemoryUnreadable,
    RegisterUnavailable,
    SymbolNotFound,
    TypeNotFound,
)
from pykd_ext.target.memory import PAGE, Memory
from pykd_ext.target.symbol_path import SymbolPath

__all__ = ["ByteTarget", "CountingByteTarget", "Pen"]


class ByteTarget(ClosedAtEnd):
    """Fulfils :class:`pykd_ext.target.Target` for pages that a test has written."""

    kind = "crash-dump"
    is_file = False
    is_frozen = True
    taken = ""
    path: str | None = None
    build = 19041
    nt_base = 0
    module_list = 0
    debugger_data = 0
    small_dump = None
    symbol_path = SymbolPath("")

    def __init__(self, architecture: str) -> None:
        self.architecture = ARCHITECTURES[architecture].name
        self.pages: dict[int, bytearray] = {}
        self.registers: dict[str, int] = {}
        self.symbols: dict[str, int] = {}
        self.images: list[Module] = []
        self.fields: dict[tuple[str, str], int] = {}  # of types, as their PDB would have them
        self.memory = Memory(self)

    def write(self, address: int, data: bytes) -> None:
        """Puts ``data`` at ``address``; its pages are present from then on."""
        for offset, byte in enumerate(data):
            position = address + offset
            page = self.pages.setdefault(position & ~(PAGE - 1), bytearray(PAGE))
            page[position % PAGE] = byte
        self.memory.invalidate()

    def read(self, address: int, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            position = address + len(data)
            page = self.pages.get(position & ~(PAGE - 1))
            if page is None:
                raise MemoryUnreadable(address, size)
            data += page[position % PAGE :][: size - len(data)]
        return bytes(data)

    def symbol(self, name: str, module: str = "nt") -> int:
        if name not in self.symbols:
            raise SymbolNotFound(name, module)
        return self.symbols[name]

    def nearest_symbol(self, address: int) -> Symbol | None:
        below = [(place, name) for name, place in self.symbols.items() if place <= address]
        return Symbol("nt", max(below)[1], address - max(below)[0]) if below else None

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        if (type_name, field) not in self.fields:
            raise TypeNotFound(type_name, module)
        return self.fields[type_name, field]

    def register(self, name: str) -> int:
        if name not in self.registers:
            raise RegisterUnavailable(name, "the test has not set it")
        return self.registers[name]

    def current_thread(self) -> int:
        return self.register("$thread")

    def bug_check(self) -> BugCheck | None:
        return None

    def physical_memory(self) -> None:
        return None

    def modules(self) -> Sequence[Module]:
        return self.images

    def symbol_problems(self) -> Sequence[str]:
        return []

    def close(self) -> None:
        self.pages.clear()


class CountingByteTarget(ByteTarget):
    """Counts its ``reads``, which would be requests to a debuggee."""

    reads = 0

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        return super().read(address, size)


class Pen:
    """Writes strings, numbers and structures one after the other into kernel memory."""

    def __init__(self, architecture: str) -> None:
        self.target = ByteTarget(architecture)
        self.memory = self.target.memory
        self.pointer_size = self.memory.pointer_size
        self.is_wide = self.pointer_size == 8
        self._next = 0xFFFFB08012340000 if self.is_wide else 0x8C340000
        self.missing = self._next + 0x1000_0000  # no page is ever there

    def data(self, data: bytes) -> int:
        """The address of ``data``."""
        address = self._next
        self.target.write(address, data)
        self._next += (len(data) + 15) & ~15
        return address

    def number(self, value: int, size: int = 4) -> int:
        """The address of a number."""
        return self.data(value.to_bytes(size, "little"))

    def pointer(self, value: int) -> int:
        """The address of a pointer."""
        return self.number(value, self.pointer_size)

    def string(self, text: str) -> int:
        """The address of a UNICODE_STRING, its text without terminator as the kernel has it."""
        raw = text.encode("utf-16-le", "surrogatepass")
        return self.unicode_string(len(raw), len(raw), self.data(raw) if raw else 0)

    def unicode_string(self, length: int, maximum_length: int, buffer: int) -> int:
        """The address of a UNICODE_STRING of any content."""
        raw = length.to_bytes(2, "little") + maximum_length.to_bytes(2, "little")
        return self.data(raw.ljust(self.pointer_size, b"\0") + self.word(buffer))

    def word(self, value: int) -> bytes:
        """A pointer's bytes."""
        return value.to_bytes(self.pointer_size, "little")

    def structure(self, name: str, **values: int) -> int:
        """The address of the structure ``name``, members not given being 0."""
        return self.data(self.structure_bytes(name, **values))

    def structure_bytes(self, name: str, **values: int) -> bytes:
        """Its bytes; raises KeyError for a member that it has not got."""
        layout = structure(name, self.pointer_size)
        raw = bytearray(layout.size)
        for member_name, value in values.items():
            member = layout.member(member_name)
            raw[member.offset : member.offset + member.size] = value.to_bytes(member.size, "little")
        return bytes(raw)
