"""Cabinets, as Windows Error Reporting and crash reports have them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from ..cabinet import cabinet_library
from ..errors import TargetError
from ..file_bytes import FileStream
from ..locations import is_url

if TYPE_CHECKING:
    from ..protocol import FileBytes
    from .room import Room

__all__ = ["open_packed"]

_HEAD = 16  # bytes
_MOST_FILES = 1_000


def open_packed(data: FileBytes, room: Room) -> _Cabinet:
    return _Cabinet(data, room)


class _Cabinet:
    """Fulfils :class:`.Archive`. A file that is looked at is unpacked for good."""

    def __init__(self, data: FileBytes, room: Room) -> None:
        self._path, self._room = data.path, room
        try:
            open_cabinet, self._errors = cabinet_library()
        except ImportError:
            raise TargetError(
                f"{data.path} is a cabinet: pip install 'regcb[cab]', or unpack it: "
                "expand -F:* FILE FOLDER, cabextract FILE"
            ) from None
        self._unpacked: dict[str, str] = {}
        with self._refusing():
            self._cabinet = open_cabinet(self._local(data))
            files = self._cabinet.files()
        if len(files) > _MOST_FILES:
            raise TargetError(f"{data.path}: there are {len(files)} files in this cabinet")
        self._sizes = {each["name"]: each["size"] for each in files}

    def names(self) -> Sequence[str]:
        return list(self._sizes)

    def head(self, name: str) -> bytes:
        with open(self.extract(name), "rb") as file:
            return file.read(_HEAD)

    def extract(self, name: str) -> str:
        if name not in self._unpacked:
            self._room.check(sum(self._sizes[each] for each in (*self._unpacked, name)))
            with self._refusing():
                path = self._cabinet.extract(
                    name, self._room.new_folder(), max_size=self._room.size
                )
            if not os.path.isfile(path):  # on Windows, of a name that is no UTF-8
                raise TargetError(
                    f"{self._path}: cannot be unpacked: a name in this cabinet is none of a file "
                    "here: unpack it (cabextract FILE)"
                )
            self._unpacked[name] = path
        return self._unpacked[name]

    def _local(self, data: FileBytes) -> str:
        """The library reads files of this machine."""
        if not is_url(data.path):
            return data.path
        return self._room.copy(cast("BinaryIO", FileStream(data)), "cabinet")

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise TargetError(f"{self._path}: cannot be unpacked: {error}") from None
