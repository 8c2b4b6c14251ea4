"""The types of a PDB: where a field lies in a structure.

LLVM: TpiStream.html (header, hash stream); cvinfo.h: lfStructure, lfUnion, lfFieldList, lfMember;
LF_STRUCTURE2 and its like: PascalBeyer/PDB-Documentation, and a PDB of Visual Studio 2019 has them.
A type's record is found through the hash of its name; records are walked only from the
closest offset that the stream names, or, in a PDB without hashes, from the first. A PDB of XP's
time has hashes of two bytes, for other buckets (tpi.h of microsoft-pdb): they count as none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from .errors import SymbolFileError
from .fields import unsigned
from .msf import NO_STREAM, Msf
from .pdb_fields import Member, fields, leaf_of, number
from .pdb_hash import hash_string
from .search import count_up_to

__all__ = ["Types"]

_LF_FIELDLIST = 0x1203
_FORWARD = 0x80  # CV_prop_t.fwdref

_MOST_NAMESAKES = 4096  # records tried for one hash
_LONGEST_CHAIN = 64  # field lists continued by LF_INDEX
_HASH_SIZE = 4  # bytes
_MOST_RECORDS = 8_000_000  # walked over in all: the index leads within some thousands of each
_CHUNK = 1 << 17  # bytes read at once; the longest record has half as many


class _Form(NamedTuple):
    """A structure's record: where its property lies, and its numbers, which its name follows."""

    property: int
    numbers: int
    how_many: int


# LF_CLASS, LF_STRUCTURE, LF_INTERFACE, LF_UNION: a count, the property, the field list, then the
# size; since Visual Studio 2019 LF_CLASS2 and so on: a longer property, and the count is a number.
_FORMS = {
    **dict.fromkeys((0x1504, 0x1505, 0x1519), _Form(4, 18, 1)),
    0x1506: _Form(4, 10, 1),
    **dict.fromkeys((0x1608, 0x1609, 0x160B), _Form(2, 18, 2)),
    0x160A: _Form(2, 10, 2),
}
_FIELD_LIST = 6


class _Structure(NamedTuple):
    """A structure, class or union that is defined."""

    name: bytes
    field_list: int


class Types:
    """The type stream of one PDB."""

    def __init__(self, msf: Msf, number: int) -> None:
        stream = msf.stream(number)
        self._stream = stream
        self._header = stream.word(4)
        self._first, self._end = stream.word(8), stream.word(12)
        hashes = stream.word(20, 2)
        has_hashes = hashes != NO_STREAM and stream.word(24) == _HASH_SIZE
        self._hashes = msf.stream(hashes) if has_hashes else None
        self._known: tuple[int, ...] | None = None
        self._left = _MOST_RECORDS

    def field_offset(self, type_name: str, field: str) -> int | None:
        """The offset in bytes of the data member ``field`` of a structure, class or union, a
        bit-field's that of the unit that holds it; None without it."""
        for structure in self._structures(type_name):
            for member in self._members(structure.field_list):
                if member.name == field:
                    return member.offset
        return None

    def _structures(self, name: str) -> Iterator[_Structure]:
        """Those called so; a kernel may have a short one beside the whole one."""
        raw = name.encode("utf-8", "surrogateescape")
        for record in self._namesakes(raw):
            structure = _structure(record)
            if structure is not None and structure.name == raw:
                yield structure

    def _namesakes(self, name: bytes) -> Iterator[bytes]:
        """The records whose names have the hash of ``name``; without hashes, all records."""
        if self._hashes is None:
            yield from islice(self._walk(self._header), max(self._end - self._first, 0))
            return
        buckets = self._stream.word(28)
        bucket = hash_string(name) % buckets if buckets else 0
        values = self._hash_words(32)
        at = -1
        for _ in range(min(values.count(bucket), _MOST_NAMESAKES)):
            at = values.index(bucket, at + 1)
            yield self._record(self._first + at)

    def _hash_words(self, at: int) -> tuple[int, ...]:
        """A table of the hash stream, that the header's words at ``at`` locate."""
        if self._hashes is None:
            return ()
        offset, size = self._stream.word(at), self._stream.word(at + 4)
        return self._hashes.words(offset, size // 4)

    def _members(self, field_list: int) -> Iterator[Member]:
        """A structure's data members, in order."""
        following: int | None = field_list
        for _ in range(_LONGEST_CHAIN):
            if following is None:
                return
            record = self._record(following)
            if leaf_of(record) != _LF_FIELDLIST:
                return
            following = yield from fields(record)

    def _record(self, index: int) -> bytes:
        """A type's record from its leaf on; empty for a basic type, which has none."""
        if not self._first <= index < self._end:
            return b""
        known, offset = self._closest(index)
        return next(islice(self._walk(self._header + offset), index - known, None), b"")

    def _closest(self, index: int) -> tuple[int, int]:
        """The closest type at or below ``index`` whose offset the hash stream tells."""
        if self._known is None:
            self._known = self._hash_words(40)
        known = self._known
        found = count_up_to(index, len(known) // 2, lambda each: known[2 * each])
        return (known[2 * found - 2], known[2 * found - 1]) if found else (self._first, 0)

    def _walk(self, start: int) -> Iterator[bytes]:
        """The records from the one at ``start`` on, each without its size."""
        while chunk := self._stream.read(start, _CHUNK):
            at = 0
            while at + 2 <= len(chunk):
                end = at + 2 + unsigned(chunk, at, 2)
                if end < at + 4:
                    place = start + at
                    raise SymbolFileError(f"{self._stream.name}: the type at {place:#x} is empty")
                if end > len(chunk):
                    break
                self._left -= 1
                if self._left < 0:
                    raise SymbolFileError(
                        f"{self._stream.name}: {_MOST_RECORDS} types were passed over to find "
                        "others, no more are: its index leads nowhere"
                    )
                yield chunk[at + 2 : end]
                at = end
            if not at:
                return
            start += at


def _structure(record: bytes) -> _Structure | None:
    """The structure of a record, None for one that is only declared, and for other types."""
    form = _FORMS.get(leaf_of(record))
    if form is None or unsigned(record, form.property, 2) & _FORWARD:
        return None
    name_at = form.numbers
    for _ in range(form.how_many):
        _, name_at = number(record, name_at)
    return _Structure(record[name_at:].partition(b"\0")[0], unsigned(record, _FIELD_LIST, 4))
