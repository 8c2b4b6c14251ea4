"""MSF, the container of a PDB: numbered streams, scattered over the blocks of one file.

Format: LLVM, "The MSF File Format" (llvm.org/docs/PDB/MsfFile.html), and microsoft/microsoft-pdb,
PDB/msf/msf.cpp. Nothing is copied out of the mapped file but what is asked for.
"""

from __future__ import annotations

import mmap
import struct

from .errors import SymbolFileError
from .fields import unsigned, words

__all__ = ["NO_STREAM", "Msf", "Stream"]

NO_STREAM = 0xFFFF  # where a PDB names a stream that it has not got

_MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
_MSFZ_MAGIC = b"Microsoft MSFZ Container\r\n\x1aALD\0\0"  # microsoft/pdb-rs, docs/pdb/msfz.md
# BlockSize, NumBlocks, NumDirectoryBytes, BlockMapAddr
_SUPER_BLOCK = struct.Struct("<32xI4xII4xI")
_BLOCK_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768)
_DELETED = 0xFFFFFFFF  # the size of a stream that was deleted


class Stream:
    """One stream; ``name`` says in messages which, ``size`` is in bytes."""

    def __init__(
        self, name: str, data: mmap.mmap, block_size: int, blocks: tuple[int, ...], size: int
    ):
        self.name = name
        self.size = size
        self._data = data
        self._block_size = block_size
        self._blocks = blocks

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes at ``offset``: less at the end, none beyond it, as of a file."""
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
        return unsigned(self._record(offset, size))

    def fields(self, layout: struct.Struct, offset: int) -> tuple[int, ...]:
        """The numbers of the record at ``offset``; raises SymbolFileError beyond the end."""
        return layout.unpack(self._record(offset, layout.size))

    def _record(self, offset: int, size: int) -> bytes:
        raw = self.read(offset, size)
        if len(raw) < size:
            raise SymbolFileError(f"{self.name}: a record at {offset:#x} lies beyond the end")
        return raw

    def words(self, offset: int, count: int) -> tuple[int, ...]:
        """``count`` unsigned words of 4 bytes; raises SymbolFileError beyond the end."""
        raw = self.read(offset, 4 * count)
        if len(raw) < 4 * count:
            raise SymbolFileError(f"{self.name}: a table at {offset:#x} lies beyond the end")
        return words(raw, 4)

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

    @property
    def size(self) -> int:
        """Of the file, in bytes."""
        return len(self._data)

    def close(self) -> None:
        self._data.close()

    def stream(self, number: int) -> Stream:
        """Stream ``number``; raises SymbolFileError when there is none."""
        if number >= len(self._sizes) or self._sizes[number] == _DELETED:
            raise SymbolFileError(f"{self.path}: stream {number} is missing")
        name = f"{self.path}: stream {number}"
        if number not in self._blocks:
            before = sum(self._block_count(size) for size in self._sizes[:number])
            count = self._block_count(self._sizes[number])
            self._blocks[number] = self._directory.words(self._first_block + 4 * before, count)
        return self._open(name, self._blocks[number], self._sizes[number])

    def find(self, number: int) -> Stream | None:
        """Stream ``number``, None where there is none or nothing in it."""
        is_there = number < len(self._sizes) and self._sizes[number] not in (0, _DELETED)
        return self.stream(number) if is_there else None

    def _open(self, name: str, blocks: tuple[int, ...], size: int) -> Stream:
        # A stream larger than the file has one block many times over, to make its reader work.
        if max(blocks, default=0) >= self._all_blocks or size > len(self._data):
            raise SymbolFileError(f"{name} lies outside the file")
        return Stream(name, self._data, self._block_size, blocks, size)

    def _block_count(self, size: int) -> int:
        return 0 if size == _DELETED else -(-size // self._block_size)

    def _read_directory(self) -> None:
        header = self._data[: _SUPER_BLOCK.size]
        if header.startswith(_MSFZ_MAGIC):
            raise SymbolFileError(
                f"{self.path} is an MSFZ container, Microsoft's compressed PDB, which is not read: "
                "make a PDB of it with github.com/ynwarcs/pdbconv --decompress"
            )
        if len(header) < _SUPER_BLOCK.size or not header.startswith(_MAGIC):
            raise SymbolFileError(f"{self.path} is not a PDB: it starts with {header[:16]!r}")
        self._block_size, blocks, size, map_block = _SUPER_BLOCK.unpack(header)
        if self._block_size not in _BLOCK_SIZES:
            raise SymbolFileError(f"{self.path}: impossible block size {self._block_size:#x}")
        self.is_whole: bool = blocks * self._block_size <= len(self._data)
        self._all_blocks = min(blocks, -(-len(self._data) // self._block_size))
        self._blocks: dict[int, tuple[int, ...]] = {}
        self._directory = self._open_directory(map_block, size)
        count = self._directory.word(0)
        self._sizes = self._directory.words(4, count)
        self._first_block = 4 + 4 * count

    def _open_directory(self, map_block: int, size: int) -> Stream:
        """The directory: its block numbers follow one another from block ``map_block``."""
        name = f"{self.path}: its stream directory"
        start = map_block * self._block_size
        count = self._block_count(size)
        raw = self._data[start : start + 4 * count]
        if len(raw) < 4 * count:
            raise SymbolFileError(f"{name} lies outside the file")
        return self._open(name, words(raw, 4), size)


def _map(path: str) -> mmap.mmap:
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise SymbolFileError(f"{path} is not a PDB: it is empty") from None
    except OSError as error:
        raise SymbolFileError(f"{path}: cannot be opened: {error.strerror or error}") from None
