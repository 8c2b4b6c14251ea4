"""The types of a PDB: where a field lies in a structure.

LLVM: TpiStream.html (header, hash stream); cvinfo.h: lfStructure, lfUnion, lfFieldList, lfMember.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from .errors import SymbolFileError
from .msf import Msf, Stream

__all__ = ["Types"]

_LF_FIELDLIST, _LF_INDEX = 0x1203, 0x1404
_LF_CLASS, _LF_STRUCTURE, _LF_UNION = 0x1504, 0x1505, 0x1506
_LF_MEMBER, _LF_STMEMBER, _LF_METHOD, _LF_NESTTYPE, _LF_ONEMETHOD = (
    0x150D, 0x150E, 0x150F, 0x1510, 0x1511)  # fmt: skip
_LF_BCLASS, _LF_VBCLASS, _LF_IVBCLASS, _LF_VFUNCTAB, _LF_ENUMERATE = (
    0x1400, 0x1401, 0x1402, 0x1409, 0x1502)  # fmt: skip
_FORWARD = 0x80  # CV_prop_t.fwdref

# LF_CHAR.. LF_UQUADWORD: the sizes of a number that does not fit the two bytes of its leaf.
_NUMBERS = {0x8000: 1, 0x8001: 2, 0x8002: 2, 0x8003: 4, 0x8004: 4, 0x8009: 8, 0x800A: 8}

_LONGEST_CHAIN = 64  # field lists continued by LF_INDEX
_INDEX_STEP = 1 << 16  # bytes of records walked from one known offset


class Types:
    """The type stream of one PDB."""

    def __init__(self, msf: Msf, number: int) -> None:
        stream = msf.stream(number)
        self._stream = stream
        self._header = stream.word(4)
        self._first, self._end = stream.word(8), stream.word(12)
        self._hashes = msf.stream(stream.word(20, 2))
        self._bucket_count = stream.word(28)
        self._values = (stream.word(32), stream.word(36))
        self._offsets = (stream.word(40), stream.word(44))

    def field_offset(self, type_name: str, field: str) -> int | None:
        """The offset in bytes of ``field``; None without the type or the field."""
        for name, offset in self._members(self._definition(type_name)):
            if name == field:
                return offset
        return None

    def _definition(self, name: str) -> int | None:
        """The index of the field list of structure, class or union ``name``."""
        from .pdb import hash_string  # noqa: PLC0415 - pdb imports this file

        raw = name.encode("utf-8")
        bucket = hash_string(raw) % self._bucket_count if self._bucket_count else 0
        values = memoryview(self._hashes.read(*self._values)).cast("I").tolist()
        at = -1
        for _ in range(values.count(bucket)):
            at = values.index(bucket, at + 1)
            record = self._record(self._first + at)
            found = _structure(record)
            if found is not None and found[1] == raw:
                return found[0]
        return None

    def _members(self, field_list: int | None) -> Iterator[tuple[str, int]]:
        """(name, offset) of each data member, in order."""
        for _ in range(_LONGEST_CHAIN):
            if field_list is None:
                return
            record = self._record(field_list)
            if int.from_bytes(record[:2], "little") != _LF_FIELDLIST:
                return
            field_list = yield from _fields(record)

    def _record(self, index: int) -> bytes:
        """A type's record from its leaf on, walked to from the closest offset that is known."""
        if not self._first <= index < self._end:
            return b""
        pairs = memoryview(self._hashes.read(self._offsets[0], self._offsets[1] & ~7)).cast("I")
        low, high = 0, len(pairs) // 2
        while low < high:
            middle = (low + high) // 2
            if pairs[2 * middle] <= index:
                low = middle + 1
            else:
                high = middle
        known, offset = (pairs[2 * low - 2], pairs[2 * low - 1]) if low else (self._first, 0)
        return _walk(self._stream, self._header + offset, index - known)


def _walk(stream: Stream, start: int, steps: int) -> bytes:
    """The record ``steps`` records behind the one at ``start``."""
    raw = stream.read(start, _INDEX_STEP)
    base, at = start, 0
    while True:
        if at + 4 > len(raw):
            base, at, raw = base + at, 0, stream.read(base + at, _INDEX_STEP)
            if len(raw) < 4:
                return b""
        size = int.from_bytes(raw[at : at + 2], "little")
        if size < 2:
            raise SymbolFileError(f"a type record at {base + at:#x} is empty")
        if not steps:
            return stream.read(base + at + 2, size)
        steps -= 1
        at += 2 + size


def _structure(record: bytes) -> tuple[int, bytes] | None:
    """The field list and name of a structure that is defined, not only declared."""
    leaf = int.from_bytes(record[:2], "little")
    size_at = {_LF_STRUCTURE: 18, _LF_CLASS: 18, _LF_UNION: 10}.get(leaf)
    if size_at is None or int.from_bytes(record[4:6], "little") & _FORWARD:
        return None
    _, name_at = _number(record, size_at)
    return int.from_bytes(record[6:10], "little"), record[name_at:].partition(b"\0")[0]


def _number(record: bytes, at: int) -> tuple[int, int]:
    """A numeric leaf's value and where it ends."""
    value = int.from_bytes(record[at : at + 2], "little")
    if value < 0x8000:
        return value, at + 2
    size = _NUMBERS.get(value)
    if size is None:
        raise SymbolFileError(f"unknown numeric leaf {value:#x}")
    return int.from_bytes(record[at + 2 : at + 2 + size], "little"), at + 2 + size


def _fields(record: bytes) -> Generator[tuple[str, int], None, int | None]:
    """(name, offset) of a field list's data members; returns the index of its continuation."""
    at = 2
    while at + 4 <= len(record):
        if record[at] >= 0xF0:  # LF_PAD: its low bits say how far to skip
            at += max(record[at] & 0xF, 1)
            continue
        leaf = int.from_bytes(record[at : at + 2], "little")
        if leaf == _LF_INDEX:
            return int.from_bytes(record[at + 4 : at + 8], "little")
        offset, name_at = _leaf(record, leaf, at)
        end = name_at
        if leaf in _NAMED:
            end = record.find(b"\0", name_at) + 1
            if not end:
                return None
            if leaf == _LF_MEMBER:
                yield record[name_at : end - 1].decode("utf-8", "backslashreplace"), offset
        at = end
    return None


_NAMED = (_LF_MEMBER, _LF_STMEMBER, _LF_METHOD, _LF_NESTTYPE, _LF_ONEMETHOD, _LF_ENUMERATE)
_INTRODUCING = (4, 6)  # CV_mtintro, CV_mtpureintro: a vtable offset follows


def _leaf(record: bytes, leaf: int, at: int) -> tuple[int, int]:
    """A member's offset (0 where it has none) and where its name, or the next leaf, starts."""
    if leaf in (_LF_MEMBER, _LF_BCLASS):
        return _number(record, at + 8)
    if leaf == _LF_ENUMERATE:
        return _number(record, at + 4)
    if leaf == _LF_ONEMETHOD:
        kind = int.from_bytes(record[at + 2 : at + 4], "little") >> 2 & 7
        return 0, at + (12 if kind in _INTRODUCING else 8)
    if leaf in (_LF_STMEMBER, _LF_METHOD, _LF_NESTTYPE, _LF_VFUNCTAB):
        return 0, at + 8
    if leaf in (_LF_VBCLASS, _LF_IVBCLASS):
        _, end = _number(record, at + 12)
        return _number(record, end)
    raise SymbolFileError(f"unknown leaf {leaf:#x} in a field list")
