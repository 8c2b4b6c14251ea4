"""MSF, the container of a PDB: numbered streams, scattered over the blocks of one file.

Format: LLVM, "The MSF File Format" (llvm.org/docs/PDB/MsfFile.html), and microsoft/microsoft-pdb,
PDB/msf/msf.cpp. Nothing is copied out of the mapped file but what is asked for.
"""

from __future__ import annotations

import mmap

from .errors import SymbolFileError

__all__ = ["Msf", "Stream"]

_MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
_BLOCK_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768)
_NO_STREAM = 0xFFFFFFFF  # the size of a stream that was deleted


class Stream:
    """One stream. Reads beyond its end come back short, as a file's do."""

    def __init__(self, data: mmap.mmap | bytes, block_size: int, blocks: list[int], size: int):
        self._data = data
        self._block_size = block_size
        self._blocks = blocks
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes at ``offset``."""
        size = min(size, self.size - offset)
        if offset < 0 or size <= 0:
            return b""
        block, skip = divmod(offset, self._block_size)
        if skip + size <= self._block_size:
            start = self._blocks[block] * self._block_size + skip
            return self._data[start : start + size]
        last = (offset + size - 1) // self._block_size
        pieces = [
            self._data[number * self._block_size : (number + 1) * self._block_size]
            for number in self._blocks[block : last + 1]
        ]
        return b"".join(pieces)[skip : skip + size]

    def word(self, offset: int, size: int = 4) -> int:
        """The unsigned word at ``offset``; raises SymbolFileError beyond the end."""
        raw = self.read(offset, size)
        if len(raw) < size:
            raise SymbolFileError(f"a record at {offset:#x} lies beyond its stream")
        return int.from_bytes(raw, "little")

    def text(self, offset: int) -> str:
        """The NUL-terminated name at ``offset``, at most 4096 bytes of it."""
        raw = self.read(offset, 128)
        if b"\0" not in raw:
            raw = self.read(offset, 4096)
        return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


class Msf:
    """A PDB file, memory mapped, as its streams."""

    def __init__(self, path: str) -> None:
        """Raises SymbolFileError when ``path`` is not a PDB or is damaged in its directory."""
        self.path = path
        self._data = _map(path)
        try:
            self._read_directory()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._data.close()

    @property
    def count(self) -> int:
        return len(self._sizes)

    def stream(self, number: int) -> Stream:
        """Stream ``number``; raises SymbolFileError when there is none."""
        if number >= len(self._sizes) or self._sizes[number] == _NO_STREAM:
            raise SymbolFileError(f"{self.path}: stream {number} is missing")
        size = self._sizes[number]
        if number not in self._blocks:
            start = sum(self._block_count(each) for each in self._sizes[:number])
            raw = self._directory.read(self._first_block + 4 * start, 4 * self._block_count(size))
            blocks = list(memoryview(raw).cast("I"))
            if len(blocks) < self._block_count(size) or max(blocks, default=0) >= self._all_blocks:
                raise SymbolFileError(f"{self.path}: stream {number} lies outside the file")
            self._blocks[number] = blocks
        return Stream(self._data, self._block_size, self._blocks[number], size)

    def _block_count(self, size: int) -> int:
        return 0 if size == _NO_STREAM else -(-size // self._block_size)

    def _read_directory(self) -> None:
        header = self._data[:56]
        if header[:32] != _MAGIC:
            raise SymbolFileError(f"{self.path} is not a PDB: it starts with {header[:16]!r}")
        words = memoryview(header[32:56]).cast("I")
        block_size, _, block_count, directory_size, _, map_block = words
        if block_size not in _BLOCK_SIZES:
            raise SymbolFileError(f"{self.path}: impossible block size {block_size:#x}")
        self._block_size = block_size
        self._all_blocks = min(block_count, len(self._data) // block_size)
        self._directory = self._directory_stream(map_block, directory_size)
        count = self._directory.word(0)
        if 4 + 4 * count > directory_size:
            raise SymbolFileError(f"{self.path}: {count:#x} streams do not fit its directory")
        self._sizes = list(memoryview(self._directory.read(4, 4 * count)).cast("I"))
        self._first_block = 4 + 4 * count
        self._blocks: dict[int, list[int]] = {}

    def _directory_stream(self, map_block: int, size: int) -> Stream:
        count = -(-size // self._block_size)
        start = map_block * self._block_size
        raw = self._data[start : start + 4 * count]
        blocks = list(memoryview(raw[: len(raw) & ~3]).cast("I"))
        if len(blocks) < count or max(blocks, default=0) >= self._all_blocks:
            raise SymbolFileError(f"{self.path}: its stream directory lies outside the file")
        return Stream(self._data, self._block_size, blocks, size)


def _map(path: str) -> mmap.mmap:
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise SymbolFileError(f"{path}: the file is empty") from None
    except OSError as error:
        raise SymbolFileError(f"{path}: cannot be opened: {error.strerror or error}") from None
