"""Zip files, by the standard library. Explorer's Deflate64, which it takes for more than 2 GiB, is
nothing that Python unpacks.

Offsets: APPNOTE.TXT 4.3.14 to 4.3.16 (where the list of files is).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from ..errors import TargetError
from ..fields import unsigned
from ..file_bytes import FileStream

if TYPE_CHECKING:
    from ..protocol import FileBytes
    from .room import Room

__all__ = ["open_packed"]

_END, _END_64, _LOCATOR_64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_LONGEST_TAIL = 22 + 0xFFFF  # the end of the central directory, and a comment
_NOT_HERE = 0xFFFF_FFFF  # but in the record of 64 bits
_MOST_NAMES = 4 << 20  # bytes of the list of files, all of which the library keeps
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_HEAD = 16  # bytes
_OF_A_MAC = "__MACOSX/"  # where Finder puts the attributes of each file, under its name


def open_packed(data: FileBytes, room: Room) -> _Zip:
    return _Zip(data, room)


class _Zip:
    """Fulfils :class:`.Archive`."""

    def __init__(self, data: FileBytes, room: Room) -> None:
        self._path, self._room = data.path, room
        size = _size_of_list(data)
        if size > _MOST_NAMES:
            raise TargetError(f"{data.path}: the list of this zip file's files is {size:#x} bytes")
        with self._refusing():
            self._file = zipfile.ZipFile(io.BufferedReader(FileStream(data)))

    def names(self) -> Sequence[str]:
        # ZipInfo.is_dir takes no empty name.
        names = (each.filename for each in self._file.infolist())
        return [each for each in names if not each.endswith("/") and not each.startswith(_OF_A_MAC)]

    def head(self, name: str) -> bytes:
        with self._refusing(), self._file.open(self._entry(name)) as source:
            return source.read(_HEAD)

    def extract(self, name: str) -> str:
        entry = self._entry(name)
        self._room.check(entry.file_size)
        with self._refusing(), self._file.open(entry) as source:
            return self._room.copy(cast("BinaryIO", source), name)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = self._file.getinfo(name)
        if entry.flag_bits & _ENCRYPTED:
            raise TargetError(f"{self._path}: {name!r} in this zip file is encrypted: unpack it")
        if entry.compress_type not in _METHODS:
            raise TargetError(
                f"{self._path}: {name!r} in this zip file is packed by method "
                f"{entry.compress_type}, not by deflate: unpack it"
            )
        return entry

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (
            OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error,
            zipfile.BadZipFile,
        ) as error:  # fmt: skip
            raise TargetError(f"{self._path}: cannot be unpacked: {error}") from None


def _size_of_list(data: FileBytes) -> int:
    """The size in bytes of the central directory, by the file's own end; 0 where it has none."""
    start = max(len(data) - _LONGEST_TAIL, 0)
    tail = data[start : len(data)]
    end = tail.rfind(_END)
    if end < 0:
        return 0
    size = unsigned(tail, end + 12, 4)
    if size != _NOT_HERE:
        return size
    locator = tail[max(end - 20, 0) : end]
    where = unsigned(locator, 8, 8) if locator[:4] == _LOCATOR_64 else len(data)
    record = data[where : where + 56]
    return unsigned(record, 40, 8) if record[:4] == _END_64 else 0
