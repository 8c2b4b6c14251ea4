"""Loading a PE image as the kernel's loader does: sections, relocations, imports, exports.

Offsets: Microsoft's "PE Format" specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .physical_memory import PAGE

__all__ = ["PeImage"]

_EXPORT, _IMPORT, _EXCEPTION, _RELOCATION = 0, 1, 3, 5
_RELOCATION_SIZES = {3: 4, 10: 8}  # IMAGE_REL_BASED_HIGHLOW, _DIR64
_DISCARDABLE, _EXECUTE = 0x0200_0000, 0x2000_0000  # IMAGE_SCN_MEM_*


class Section(NamedTuple):
    """One section: RVA and size in memory, and its characteristics."""

    name: str
    rva: int
    size: int
    discardable: bool
    executable: bool


class PeImage:
    """An image file laid out in memory form; VAs after :meth:`relocate`."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        self._header = struct.unpack_from("<I", raw, 0x3C)[0]
        self._optional = self._header + 24
        self._wide = struct.unpack_from("<H", raw, self._optional)[0] == 0x20B
        self.time_date_stamp = self._file_word(raw, self._header + 8)
        self._entry_rva = self._file_word(raw, self._optional + 16)
        self.size = self._file_word(raw, self._optional + 56)
        self.checksum = self._file_word(raw, self._optional + 64)
        self.sections = list(self._read_sections(raw))
        self.data = self._lay_out(raw)
        self.base = self._image_base()

    @property
    def entry_point(self) -> int:
        return self.base + self._entry_rva

    def relocate(self, base: int) -> None:
        """Moves the image to the VA ``base``; the loader rewrites ImageBase in memory too."""
        delta = base - self.base
        rva, size = self._directory(_RELOCATION)
        for block in self._blocks(rva, size):
            page, length = struct.unpack_from("<II", self.data, block)
            for place in range(block + 8, block + length, 2):
                entry = struct.unpack_from("<H", self.data, place)[0]
                if entry >> 12:
                    self._add(page + (entry & 0xFFF), _RELOCATION_SIZES[entry >> 12], delta)
        self.base = base
        self._put(self._optional + (24 if self._wide else 28), self._word, base)

    def bind(self, exports: Mapping[str, int]) -> None:
        """Fills the import tables; every import has to be in ``exports``, VAs by name."""
        for names, table in self._import_tables():
            for index, name in enumerate(self._import_names(names)):
                self._put(table + index * self._word, self._word, exports[name])

    def import_slots(self) -> dict[str, int]:
        """VAs by name of what :meth:`bind` fills."""
        return {
            name: self.base + table + index * self._word
            for names, table in self._import_tables()
            for index, name in enumerate(self._import_names(names))
        }

    def exports(self) -> dict[str, int]:
        """VAs by name."""
        rva, size = self._directory(_EXPORT)
        if not size:
            return {}
        count = self._get(rva + 24, 4)
        functions, names, ordinals = struct.unpack_from("<III", self.data, rva + 28)
        return {
            self._text(self._get(names + 4 * index, 4)): self.base
            + self._get(functions + 4 * self._get(ordinals + 2 * index, 2), 4)
            for index in range(count)
        }

    def exception_table(self) -> tuple[int, int]:
        """The VA and size in bytes of .pdata, zeros without one."""
        rva, size = self._directory(_EXCEPTION)
        return (self.base + rva, size) if size else (0, 0)

    def pages(self, discardable: bool) -> Iterator[tuple[int, bytes, bool]]:
        """(VA, contents, executable) of every page; of those that go once the driver has started
        only if ``discardable``."""
        yield self.base, bytes(self.data[:PAGE]), False
        for section in self.sections:
            if section.discardable and not discardable:
                continue
            for rva in range(section.rva, section.rva + section.size, PAGE):
                page = bytes(self.data[rva : rva + PAGE])
                yield self.base + rva, page, section.executable

    @property
    def _word(self) -> int:
        return 8 if self._wide else 4

    def _image_base(self) -> int:
        return self._get(self._optional + (24 if self._wide else 28), self._word)

    def _directory(self, index: int) -> tuple[int, int]:
        table = self._optional + (112 if self._wide else 96)
        rva, size = struct.unpack_from("<II", self.data, table + 8 * index)
        return rva, size

    @staticmethod
    def _file_word(raw: bytes, offset: int) -> int:
        value: int = struct.unpack_from("<I", raw, offset)[0]
        return value

    def _read_sections(self, raw: bytes) -> Iterator[Section]:
        count, optional_size = struct.unpack_from("<H12xH", raw, self._header + 6)
        for index in range(count):
            place = self._optional + optional_size + 40 * index
            name, size, rva = struct.unpack_from("<8sII", raw, place)
            flags = self._file_word(raw, place + 36)
            yield Section(
                name.rstrip(b"\0").decode(),
                rva,
                size,
                bool(flags & _DISCARDABLE),
                bool(flags & _EXECUTE),
            )

    def _lay_out(self, raw: bytes) -> bytearray:
        data = bytearray(self.size)
        headers = self._file_word(raw, self._optional + 60)
        data[:headers] = raw[:headers]
        optional_size = struct.unpack_from("<H", raw, self._header + 20)[0]
        for index, section in enumerate(self.sections):
            place = self._optional + optional_size + 40 * index
            raw_size, pointer = struct.unpack_from("<II", raw, place + 16)
            count = min(raw_size, section.size)
            data[section.rva : section.rva + count] = raw[pointer : pointer + count]
        return data

    def _blocks(self, rva: int, size: int) -> Iterator[int]:
        place = rva
        while place < rva + size and self._get(place + 4, 4):
            yield place
            place += self._get(place + 4, 4)

    def _import_tables(self) -> Iterator[tuple[int, int]]:
        rva, size = self._directory(_IMPORT)
        while size and self._get(rva + 12, 4):
            yield self._get(rva, 4), self._get(rva + 16, 4)
            rva += 20

    def _import_names(self, table: int) -> Iterator[str]:
        while True:
            entry = self._get(table, self._word)
            if not entry:
                return
            yield self._text(entry + 2)
            table += self._word

    def _text(self, rva: int) -> str:
        return self.data[rva : self.data.index(0, rva)].decode()

    def _get(self, rva: int, size: int) -> int:
        return int.from_bytes(self.data[rva : rva + size], "little")

    def _put(self, rva: int, size: int, value: int) -> None:
        self.data[rva : rva + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _add(self, rva: int, size: int, delta: int) -> None:
        self._put(rva, size, self._get(rva, size) + delta)
