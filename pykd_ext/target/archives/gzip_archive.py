"""Gzip: one file, which it need not name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

from ..errors import TargetError
from ..file_bytes import FileStream

if TYPE_CHECKING:
    from ..protocol import FileBytes
    from .room import Room

__all__ = ["open_packed"]

_HEAD = 16  # bytes


def open_packed(data: FileBytes, room: Room) -> _Gzip:
    return _Gzip(data, room)


class _Gzip:
    """Fulfils :class:`.Archive`; the file in it has the other's name without ``.gz``."""

    def __init__(self, data: FileBytes, room: Room) -> None:
        self._data, self._room = data, room
        self._name = data.name[:-3] if data.name.lower().endswith(".gz") else data.name

    def names(self) -> Sequence[str]:
        return [self._name]

    def head(self, name: str) -> bytes:  # noqa: ARG002 - there is one
        try:
            with gzip.open(FileStream(self._data)) as source:
                return source.read(_HEAD)
        except (OSError, EOFError, zlib.error) as error:
            raise self._damaged(error) from None

    def extract(self, name: str) -> str:
        try:
            with gzip.open(FileStream(self._data)) as source:
                return self._room.copy(cast("BinaryIO", source), name)
        except (OSError, EOFError, zlib.error) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> TargetError:
        return TargetError(f"{self._data.path}: cannot be unpacked: {error}")
