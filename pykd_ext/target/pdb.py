"""A PDB: public symbols by name and by address, and the way to its types and functions.

Libraries weighed: pdbparse (publics and types, but unmaintained, with an old construct pinned, and
it parses whole streams) and volatility3's pdbconv (both, but it brings its framework, parses all
and writes JSON). Neither gives one symbol out of a 12 MB ntkrnlmp.pdb without reading all of it, so
this reader does: a name through the publics' hash table, an address through their address map, a
type through the type stream's hashes.

Format: LLVM's PDB documentation (llvm.org/docs/PDB), microsoft/microsoft-pdb (gsi.cpp, misc.h,
cvinfo.h); the sources are named at the offsets.
"""

from __future__ import annotations

from typing import NamedTuple

from .errors import SymbolFileError
from .msf import Msf, Stream
from .pdb_functions import Functions
from .pdb_types import Types
from .symbol_names import decorations, undecorated

__all__ = ["Pdb"]

_INFO, _TPI, _DBI = 1, 2, 3  # fixed stream numbers
_NO_STREAM = 0xFFFF
_S_PUB32 = 0x110E  # cvinfo.h: PUBSYM32 { reclen, rectyp, flags, off, seg, name }

_BUCKETS = 4096  # IPHR_HASH, gsi.h
_LONGEST_BUCKET = 4096  # entries tried in one bucket of a damaged table


class _Section(NamedTuple):
    """IMAGE_SECTION_HEADER's VirtualAddress and VirtualSize."""

    address: int
    size: int


class Pdb:
    """One PDB file. All addresses are RVAs in the image it belongs to."""

    def __init__(self, path: str) -> None:
        """Raises SymbolFileError when ``path`` is no PDB that can be read."""
        self.path = path
        self._msf = Msf(path)
        info = self._msf.stream(_INFO)
        self.guid = guid_text(info.read(12, 16))
        self._dbi = self._msf.stream(_DBI)
        # Images refer to the DBI stream's age, which strip tools keep (LLVM, DbiStream.html).
        self.age = self._dbi.word(8)
        self._publics = self._open_publics()
        self._sections = self._read_sections()
        self._types: Types | None = None
        self._functions: Functions | None = None

    def close(self) -> None:
        self._msf.close()

    def symbol(self, name: str) -> int | None:
        """The RVA of the public ``name``, decorated for x86 or not; None without it."""
        for spelling in decorations(name):
            rva = self._publics.by_name(spelling)
            if rva is not None:
                return self._rva(*rva)
        return None

    def nearest(self, rva: int) -> tuple[str, int] | None:
        """The undecorated name and RVA of the symbol at ``rva`` or next below it in its section.

        Publics, and in a private PDB the function that holds ``rva`` when it starts no lower.
        """
        place = self._place(rva)
        if place is None:
            return None
        best = self._publics.by_address(*place)
        function = self._open_functions().holding(*place)
        if function is not None and (best is None or function[1] > best[1]):
            best = function
        if best is None:
            return None
        return undecorated(best[0]), rva - (place[1] - best[1])

    def field_offset(self, type_name: str, field: str) -> int | None:
        """The offset in bytes of ``field`` (a bit-field: of its unit); None without it."""
        if self._types is None:
            self._types = Types(self._msf, _TPI)
        return self._types.field_offset(type_name, field)

    def _rva(self, segment: int, offset: int) -> int | None:
        if not 0 < segment <= len(self._sections):
            return None
        rva = self._sections[segment - 1].address + offset
        return _mapped(self._omap_from_source, rva) if self._omap_from_source else rva

    def _place(self, rva: int) -> tuple[int, int] | None:
        """An RVA as (segment, offset); segments count from 1."""
        if self._omap_to_source:
            source = _mapped(self._omap_to_source, rva)
            if source is None:
                return None
            rva = source
        for number, section in enumerate(self._sections, 1):
            if section.address <= rva < section.address + section.size:
                return number, rva - section.address
        return None

    def _open_publics(self) -> _Publics:
        publics, records = self._dbi.word(16, 2), self._dbi.word(20, 2)
        return _Publics(self._msf.stream(publics), self._msf.stream(records))

    def _open_functions(self) -> Functions:
        if self._functions is None:
            self._functions = Functions(self._msf, self._dbi)
        return self._functions

    def _read_sections(self) -> list[_Section]:
        """The section headers, and the OMAPs of an image whose code was moved after linking.

        DBI substreams lie behind one another; the last is the optional debug header, an array of
        stream numbers: OMAP to source 3, from source 4, sections 5, original sections 10.
        """
        sizes = [self._dbi.word(offset) for offset in (24, 28, 32, 36, 40, 52)]
        header = 64 + sum(sizes)

        def debug_stream(index: int) -> Stream | None:
            if 2 * index + 2 > self._dbi.word(48):
                return None
            number = self._dbi.word(header + 2 * index, 2)
            return None if number == _NO_STREAM else self._msf.stream(number)

        self._omap_to_source = _omap(debug_stream(3))
        self._omap_from_source = _omap(debug_stream(4))
        stream = (debug_stream(10) if self._omap_from_source else None) or debug_stream(5)
        if stream is None:
            raise SymbolFileError(f"{self.path}: it holds no section headers")
        # IMAGE_SECTION_HEADER, 40 bytes: VirtualSize +8, VirtualAddress +12 (winnt.h).
        return [
            _Section(stream.word(start + 12), stream.word(start + 8))
            for start in range(0, min(stream.size, 40 * 0xFFFF) // 40 * 40, 40)
        ]


class _Publics:
    """The publics stream: a hash table by name and a map by address, both of symbol records.

    PublicsStream.html: PSGSIHDR is 28 bytes, then the hash (gsi.cpp: a 16-byte header, 8-byte
    records, a bitmap of the buckets, the offsets of the set ones), then the address map.
    """

    def __init__(self, stream: Stream, records: Stream) -> None:
        self._stream = stream
        self._records = records
        hash_size, map_size = stream.word(0), stream.word(4)
        self._entries = 28 + 16
        self._entries_size = stream.word(28 + 8)
        self._map = 28 + hash_size
        self._count = min(map_size, stream.size) // 4
        self._bitmap = int.from_bytes(
            stream.read(self._entries + self._entries_size, _BUCKETS // 8 + 4), "little"
        )

    def by_name(self, name: str) -> tuple[int, int] | None:
        """(segment, offset) of the public called exactly ``name``."""
        raw = name.encode("utf-8")
        bucket = hash_string(raw) % _BUCKETS
        if not self._bitmap >> bucket & 1:
            return None
        for index in self._bucket(bucket):
            record = self._stream.word(self._entries + 8 * index) - 1
            candidate = self._records.read(record, 14 + len(raw) + 1)
            if candidate[14:] == raw + b"\0" and candidate[2:4] == _S_PUB32.to_bytes(2, "little"):
                return self._address(record)[0:2]
        return None

    def _bucket(self, bucket: int) -> range:
        """The hash records of a bucket that is not empty."""
        offsets = self._entries + self._entries_size + _BUCKETS // 8 + 4
        rank = bin(self._bitmap & ((1 << bucket) - 1)).count("1")
        # A bucket holds offsets as if the records were 12 bytes, which they were once in memory.
        first = self._stream.word(offsets + 4 * rank) // 12
        end = self._entries_size // 8
        if self._bitmap >> (bucket + 1):
            end = min(end, self._stream.word(offsets + 4 * rank + 4) // 12)
        return range(first, min(end, first + _LONGEST_BUCKET))

    def by_address(self, segment: int, offset: int) -> tuple[str, int] | None:
        """The name and offset of the last public at or below (segment, offset), in that segment."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._address(self._mapped(middle))[0:2] <= (segment, offset):
                low = middle + 1
            else:
                high = middle
        if not low:
            return None
        found = self._address(self._mapped(low - 1))
        return (self._records.text(found[2]), found[1]) if found[0] == segment else None

    def _mapped(self, index: int) -> int:
        return self._stream.word(self._map + 4 * index)

    def _address(self, record: int) -> tuple[int, int, int]:
        """A public's segment, offset and where its name starts."""
        return self._records.word(record + 12, 2), self._records.word(record + 8), record + 14


def hash_string(name: bytes) -> int:
    """hashStringV1: LHashPbCb in misc.h of microsoft-pdb."""
    whole = len(name) & ~3
    result = 0
    for word in memoryview(name[:whole]).cast("I"):
        result ^= word
    rest = name[whole:]
    if len(rest) >= 2:
        result ^= int.from_bytes(rest[:2], "little")
        rest = rest[2:]
    if rest:
        result ^= rest[0]
    result |= 0x20202020
    result ^= result >> 11
    return result ^ (result >> 16)


def guid_text(raw: bytes) -> str:
    """A GUID's 16 bytes as ``3844DBB9-2017-4967-BE7A-A4A2C20430FA``."""
    if len(raw) < 16:
        raise SymbolFileError("a GUID is cut short")
    parts = (raw[3::-1], raw[5:3:-1], raw[7:5:-1], raw[8:10], raw[10:16])
    return "-".join(part.hex().upper() for part in parts)


def _omap(stream: Stream | None) -> list[tuple[int, int]]:
    """OMAP_DATA: pairs of RVAs, sorted by the first (imagehlp, "OMAP")."""
    if stream is None:
        return []
    words = memoryview(stream.read(0, stream.size & ~7)).cast("I")
    return list(zip(words[0::2], words[1::2]))


def _mapped(omap: list[tuple[int, int]], rva: int) -> int | None:
    from bisect import bisect_right  # noqa: PLC0415 - old kernels alone have OMAPs

    index = bisect_right(omap, (rva, 0xFFFFFFFF)) - 1
    if index < 0 or not omap[index][1]:
        return None  # 0 marks code that the other image has not got
    return omap[index][1] + rva - omap[index][0]
