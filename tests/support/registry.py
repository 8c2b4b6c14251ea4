"""A few keys in a byte target, laid out by the public PDBs' types."""

from __future__ import annotations

from tests.support.byte_target import Pen
from tests.support.registry_types import row

__all__ = ["Registry"]

_BODY, _BLOCK, _NAME = "_CM_KEY_BODY", "_CM_KEY_CONTROL_BLOCK", "_CM_NAME_CONTROL_BLOCK"
_WINDOWS_8_1 = 9600
_KY02 = 0x6B793032
_WIDTHS = {
    "Type": 4,
    "LayerSemantics": 1,
    "KeyCell": 4,
    "LayerHeight": 2,
    "NameLength": 2,
    "Flags": 4,
    "ExtFlags": 4,
}


class Registry(Pen):
    """Writes key objects, their control blocks and names."""

    def __init__(self, architecture: str, build: int) -> None:
        super().__init__(architecture)
        self.target.build = build
        self._build = build
        if self.is_wide and build < _WINDOWS_8_1:
            self._next = 0xFFFFFA80_12340000  # addresses had 44 bits

    def instance(self, type_name: str, extra: bytes, **values: int) -> int:
        """The address of a structure, fields not given being 0, with ``extra`` behind it."""
        offsets = row(type_name, self.target.architecture, self._build)
        named = {name.partition(":")[0]: offset for name, offset in offsets.items()}
        raw = bytearray(offsets["SIZE"]) + extra
        for name, value in values.items():
            width = _WIDTHS.get(name, self.pointer_size)
            raw[named[name] : named[name] + width] = value.to_bytes(width, "little")
        return self.data(bytes(raw))

    def has(self, type_name: str, field: str) -> bool:
        offsets = row(type_name, self.target.architecture, self._build)
        return field in {name.partition(":")[0] for name in offsets}

    def name(self, text: str) -> int:
        """The address of a name block: a byte a character where that is enough."""
        compressed = all(ord(char) < 0x100 for char in text)
        raw = text.encode("latin-1") if compressed else text.encode("utf-16-le", "surrogatepass")
        offsets = row(_NAME, self.target.architecture, self._build)
        address = self.instance(_NAME, raw, NameLength=len(raw))
        self.target.write(address, bytes([compressed]))
        self.target.write(address + offsets["Name"], raw)
        return address

    def block(self, name: str, parent: int = 0, **values: int) -> int:
        """The address of a key's control block."""
        values.setdefault("KeyCell", 0x20)
        values["Flags"] = values.get("Flags", 0) << 16  # other bit-fields come before it
        return self.instance(_BLOCK, b"", ParentKcb=parent, NameBlock=self.name(name), **values)

    def blocks(self, path: str) -> int:
        """The control block of the last key of an absolute path, each with its own."""
        address = 0
        for name in path.split("\\")[1:]:
            address = self.block(name, address)
        return address

    def key(self, block: int, **values: int) -> int:
        """The address of a key object."""
        values.setdefault("Type", _KY02)
        return self.instance(_BODY, b"", KeyControlBlock=block, ProcessID=0x1A4, **values)

    def process(self, process_id: int, name: str, handle_table: int = 0) -> int:
        """The address of an EPROCESS that no list leads to yet."""
        address = self.instance(
            "_EPROCESS", b"", UniqueProcessId=process_id, ObjectTable=handle_table
        )
        self.target.write(address + self.offset("_EPROCESS", "ImageFileName"), name.encode())
        return address

    def link_processes(self, *processes: int) -> None:
        """Makes them the list at nt!PsActiveProcessHead."""
        head = self.data(bytes(16))
        self.target.symbols["PsActiveProcessHead"] = head
        links = self.offset("_EPROCESS", "ActiveProcessLinks")
        self.link(head, *(process + links for process in processes))

    def link(self, *entries: int) -> None:
        """Makes a ring of LIST_ENTRYs, the first of which is the head."""
        for before, after in zip(entries, [*entries[1:], entries[0]]):
            self.target.write(before, self.word(after))
            self.target.write(after + self.pointer_size, self.word(before))

    def offset(self, type_name: str, field: str) -> int:
        """Of a structure's field, in bytes."""
        return row(type_name, self.target.architecture, self._build)[field]
