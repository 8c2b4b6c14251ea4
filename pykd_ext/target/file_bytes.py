"""The bytes of a file, wherever it lies: mapped where it is this machine's, else read in ranges."""

from __future__ import annotations

import io
import mmap
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Callable

from .errors import TargetError
from .locations import is_url

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = ["FileStream", "MappedFile", "RangedFile", "map_file", "open_bytes"]

_CHUNK = 1 << 18  # bytes read at once of a file of this machine: they stay in a core's cache
_BLOCK = 64 << 10  # bytes: a range is some of them
_LONGEST = 4 << 20  # bytes of a range
_CACHED = 64 << 20  # bytes


class MappedFile(mmap.mmap):
    """Fulfils :class:`.protocol.FileBytes` by a map of ``file``."""

    path: str
    name: str
    file: str
    release: Callable[[], None] | None = None  # what goes with it

    def close(self) -> None:
        super().close()
        if self.release is not None:
            self.release()
            self.release = None

    def __del__(self) -> None:
        with suppress(BufferError):
            self.close()

    def stretch(self, start: int, end: int) -> bytes:
        with open(self.file, "rb", buffering=0) as file:
            file.seek(start)
            return file.read(end - start)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Reads past the map, whose pages would count as this process's memory."""
        with open(self.file, "rb", buffering=0) as file:
            file.seek(start)
            for at in range(start, end, _CHUNK):
                yield file.read(min(_CHUNK, end - at))


class RangedFile:
    """Fulfils :class:`.protocol.FileBytes` by ranges that are asked for when they are needed, and
    kept while there is room. One that follows on the last, or comes before it, is twice as long as
    that: memory is searched from page to page, up or down."""

    def __init__(
        self,
        path: str,
        name: str,
        size: int,
        fetch: Callable[[int, int], bytes],
        close: Callable[[], None],
    ) -> None:
        """``fetch`` gives the bytes from one offset up to another, all of them, or raises
        TargetError."""
        self.path, self.name = path, name
        self._size, self._fetch, self._close = size, fetch, close
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._last = range(0)  # blocks of the last range

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, where: slice) -> bytes:
        start, end, _ = where.indices(self._size)
        if start >= end:
            return b""
        first, last = start // _BLOCK, (end - 1) // _BLOCK
        offset = start - first * _BLOCK
        if first == last:
            return self._block(first, last)[offset : offset + end - start]
        data = b"".join(self._block(number, last) for number in range(first, last + 1))
        return data[offset : offset + end - start]

    def stretch(self, start: int, end: int) -> bytes:
        return self[start:end]

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Kept nowhere."""
        for at in range(start, end, _LONGEST):
            yield self._fetch(at, min(at + _LONGEST, end))

    def close(self) -> None:
        self._blocks.clear()
        self._close()

    def _block(self, number: int, last: int) -> bytes:
        """A block, read with those up to ``last`` that are not kept."""
        if number not in self._blocks:
            self._read(number, last)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _read(self, first: int, last: int) -> None:
        wanted = self._wanted(first, last)
        start, end = wanted.start * _BLOCK, min(wanted.stop * _BLOCK, self._size)
        data = self._fetch(start, end)
        for at in range(0, end - start, _BLOCK):
            self._blocks[(start + at) // _BLOCK] = data[at : at + _BLOCK]
        self._blocks.move_to_end(first)
        while len(self._blocks) > _CACHED // _BLOCK:
            self._blocks.popitem(last=False)
        self._last = wanted

    def _wanted(self, first: int, last: int) -> range:
        """The blocks to read for ``first``, with those around that may be next and are not kept."""
        most, twice = _LONGEST // _BLOCK, 2 * len(self._last)
        if last == self._last.start - 1 and first == last:
            low = max(first - min(twice, most) + 1, 0)
            kept = next(
                (each for each in range(first, low - 1, -1) if each in self._blocks), low - 1
            )
            return range(kept + 1, first + 1)
        count = last - first + 1
        if first == self._last.stop:
            count = max(count, twice)
        high = first + min(count, most)
        return range(first, next((n for n in range(first, high) if n in self._blocks), high))


class FileStream(io.RawIOBase):
    """A file's bytes for who wants a file to read and seek in."""

    def __init__(self, data: FileBytes) -> None:
        self._data = data
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, all that are left without one. ``io``'s own makes room for ``size``
        first, which a file may say is anything."""
        if size is None or size < 0:
            size = len(self._data)
        data = self._data[self._at : self._at + size]
        self._at += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """How many bytes, 0 at the end."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def open_bytes(path: str) -> FileBytes:
    """The file at a path or a URL; raises TargetError when it cannot be read or is empty."""
    if is_url(path):
        from .remote_file import open_remote  # noqa: PLC0415 - needs fsspec

        return open_remote(path)
    return map_file(path)


def map_file(path: str, shown: str | None = None, folder: str | None = None) -> MappedFile:
    """The whole file; raises TargetError when it cannot be read or is empty. ``shown`` is what it
    is called; ``folder`` goes when it is closed, or nobody has it any more."""
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            if not file.tell():
                raise TargetError(f"{shown or path}: the file is empty")
            mapped = MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        # Windows says of a folder that the permission is denied.
        is_folder = os.path.isdir(path)
        why = "it is a folder, name a dump in it" if is_folder else error.strerror or error
        raise TargetError(f"{path}: cannot be opened: {why}") from None
    mapped.path, mapped.name = shown or path, os.path.basename(path)
    mapped.file = path
    if folder is not None:
        mapped.release = _removal(mapped, folder)
    return mapped


def _removal(mapped: MappedFile, folder: str) -> Callable[[], None]:
    """What removes ``folder``, at the interpreter's end if nobody did before. Windows removes no
    file that is mapped, and garbage is told of before it closes anything: no weakref.finalize."""
    import atexit  # noqa: PLC0415 - seldom needed
    import shutil  # noqa: PLC0415
    import weakref  # noqa: PLC0415

    reference = weakref.ref(mapped)

    def remove() -> None:
        alive = reference()
        if alive is not None:
            mmap.mmap.close(alive)
        shutil.rmtree(folder, ignore_errors=True)
        atexit.unregister(remove)

    atexit.register(remove)
    return remove
