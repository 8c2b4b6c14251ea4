"""The public symbols of a PDB, by name and by address.

PublicsStream.html in LLVM's documentation; gsi.h and gsi.cpp of microsoft-pdb: PSGSIHDR is 28
bytes, then come the hash table (a header of 16 bytes, records of 8, a bitmap of the buckets, where
each bucket in use begins) and the address map. Both lead to records in another stream.
"""

from __future__ import annotations

from .errors import SymbolFileError
from .fields import unsigned
from .msf import Stream
from .pdb_addresses import PlacedName
from .pdb_hash import hash_string
from .search import count_up_to

__all__ = ["Publics"]

_HEADER = 28
_HASH_HEADER = (0xFFFFFFFF, 0xEFFE0000 + 19990810)  # GSIHashHdr: verSignature, verHdr
_BUCKETS = 4096  # IPHR_HASH
_BITMAP = _BUCKETS // 8 + 4  # bytes; one bucket more, in whole words
_LONGEST_BUCKET = 4096  # entries tried in one bucket of a damaged table

_S_PUB32 = 0x110E  # cvinfo.h: PUBSYM32 { reclen, rectyp, pubsymflags, off, seg, name }
_NAME = 14


class Publics:
    """Looks publics up; only the pages that lead to one are read."""

    def __init__(self, stream: Stream, records: Stream) -> None:
        """Raises SymbolFileError when there is no hash table that can be read."""
        if (stream.word(_HEADER), stream.word(_HEADER + 4)) != _HASH_HEADER:
            raise SymbolFileError(f"{stream.name}: its public symbols have no known hash table")
        self._stream = stream
        self._records = records
        hash_size, map_size = stream.word(0), stream.word(4)
        self._entries = _HEADER + 16
        self._entries_size = stream.word(_HEADER + 8)
        self._map = _HEADER + hash_size
        self._count = max(0, min(map_size, stream.size - self._map)) // 4
        bitmap = stream.read(self._entries + self._entries_size, _BITMAP)
        self._bitmap = unsigned(bitmap)

    def by_name(self, name: str) -> tuple[int, int] | None:
        """The segment and offset of the public called exactly ``name``, None without it."""
        raw = name.encode("utf-8", "surrogateescape")
        bucket = hash_string(raw) % _BUCKETS
        if not self._bitmap >> bucket & 1:
            return None
        for index in self._bucket(bucket):
            record = self._stream.word(self._entries + 8 * index) - 1
            candidate = self._records.read(record, _NAME + len(raw) + 1)
            kind = unsigned(candidate, 2, 2)
            if kind == _S_PUB32 and candidate[_NAME:] == raw + b"\0":
                return self._place(record)
        return None

    def at_or_below(self, segment: int, offset: int) -> PlacedName | None:
        """The public at a place or closest below it, None without one.

        Of several at one place, the first in the map, which is sorted by name too.
        """
        found = count_up_to((segment, offset), self._count, self._mapped_place) - 1
        if found < 0:
            return None
        in_segment, start = self._mapped_place(found)
        first = count_up_to((in_segment, start - 1), self._count, self._mapped_place)
        return PlacedName(in_segment, start, self._records.text(self._mapped(first) + _NAME))

    def _bucket(self, bucket: int) -> range:
        """The hash records of a bucket that is not empty."""
        offsets = self._entries + self._entries_size + _BITMAP
        rank = bin(self._bitmap & ((1 << bucket) - 1)).count("1")
        # A bucket holds offsets as if the records were 12 bytes, which they were once in memory.
        first = self._stream.word(offsets + 4 * rank) // 12
        end = self._entries_size // 8
        if self._bitmap >> (bucket + 1):
            end = min(end, self._stream.word(offsets + 4 * rank + 4) // 12)
        return range(first, min(end, first + _LONGEST_BUCKET))

    def _mapped(self, index: int) -> int:
        return self._stream.word(self._map + 4 * index)

    def _mapped_place(self, index: int) -> tuple[int, int]:
        return self._place(self._mapped(index))

    def _place(self, record: int) -> tuple[int, int]:
        return self._records.word(record + 12, 2), self._records.word(record + 8)
