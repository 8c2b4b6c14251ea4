"""The functions and static variables of a PDB's modules, by address.

A driver's callback is often static, and then no public. Section contributions lead from an address
to the module (object file) it came from, whose symbols name its functions. A stripped PDB has none,
or the functions alone (Microsoft's ntdll: static ones too), and dbghelp shows what there is.

LLVM: DbiStream.html (section contributions, module info), ModiStream.html; cvinfo.h: PROCSYM32,
DATASYM32.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from .errors import SymbolFileError
from .msf import NO_STREAM, Msf, Stream
from .pdb_addresses import PlacedName
from .search import count_up_to

__all__ = ["Functions"]

_CONTRIBUTION_SIZES = {0xEFFE0000 + 19970605: 28, 0xEFFE0000 + 20140516: 32}  # by version
_CONTRIBUTION = struct.Struct("<H2xI8xH")  # SectionContribEntry: ISect, Offset, ModuleIndex
_MODULE_SIZE = 64  # ModInfo before its two names
_MODULE = struct.Struct("<34xHI")  # of it ModuleSymStream, SymByteSize
_SYMBOL = struct.Struct("<HH")  # every symbol: reclen, rectyp
_PLACE = struct.Struct("<IH")  # off, seg
_MOST_STEPS = 64  # contributions without a function that are passed over

# Where the records of functions and of variables have their off (then seg) and their name.
_PROCEDURE, _DATA = (32, 39), (8, 14)
_FORMS = {
    **dict.fromkeys((0x110F, 0x1110, 0x1146, 0x1147), _PROCEDURE),  # S_[LG]PROC32, also _ID
    **dict.fromkeys((0x110C, 0x110D), _DATA),  # S_LDATA32, S_GDATA32
}


class _Module(NamedTuple):
    """Where one object file's symbols are; ``size`` in bytes."""

    stream: int
    size: int


def _place(function: PlacedName) -> tuple[int, int]:
    return function.segment, function.offset


class _Symbols:
    """A module's functions and variables by their places; of several at one, the first stays so."""

    def __init__(self, named: list[PlacedName]) -> None:
        self._named = sorted(named, key=_place)
        self._places = list(map(_place, self._named))

    def at_or_below(self, place: tuple[int, int]) -> PlacedName | None:
        index = bisect_right(self._places, place) - 1
        return self._named[bisect_left(self._places, self._places[index])] if index >= 0 else None


_NONE = _Symbols([])


class Functions:
    """Looks functions up; a module's symbols are read when an address leads to them."""

    def __init__(self, msf: Msf, dbi: Stream) -> None:
        self._msf = msf
        self._dbi = dbi
        modules_size, contributions_size = dbi.word(24), dbi.word(28)
        self._modules = _modules(dbi.read(64, modules_size))
        self._has_symbols = any(each.stream != NO_STREAM for each in self._modules)
        self._table = 64 + modules_size
        self._entry_size = 0
        if self._has_symbols and contributions_size >= 4:
            self._entry_size = _CONTRIBUTION_SIZES.get(dbi.word(self._table), 0)
        self._count = (contributions_size - 4) // self._entry_size if self._entry_size else 0
        self._by_stream: dict[int, _Symbols] = {}
        self._left = msf.size  # bytes of symbols: modules have a stream each, none another's blocks

    def at_or_below(self, segment: int, offset: int) -> PlacedName | None:
        """The function at a place or closest below it, None without one.

        Of several at one place, the first among its module's symbols.
        """
        place = (segment, offset)
        found = count_up_to(place, self._count, lambda index: self._contribution(index)[:2])
        for index in range(found - 1, max(found - 1 - _MOST_STEPS, -1), -1):
            in_segment, start, module = self._contribution(index)
            last = self._symbols(module).at_or_below(place)
            if last is not None and _place(last) >= (in_segment, start):
                return last
        return None

    def _contribution(self, index: int) -> tuple[int, int, int]:
        """A contribution's segment, offset and module; they are sorted by the first two."""
        at = self._table + 4 + index * self._entry_size
        segment, offset, module = self._dbi.fields(_CONTRIBUTION, at)
        return segment, offset, module

    def _symbols(self, module: int) -> _Symbols:
        if module >= len(self._modules) or self._modules[module].stream == NO_STREAM:
            return _NONE
        stream, size = self._modules[module]
        if stream not in self._by_stream:
            raw = self._msf.stream(stream).read(0, size)
            self._left -= len(raw)
            if self._left < 0:
                raise SymbolFileError(
                    f"{self._msf.path}: its modules' symbols are larger together than the file"
                )
            self._by_stream[stream] = _Symbols(_named(raw))
        return self._by_stream[stream]


def _modules(raw: bytes) -> list[_Module]:
    """Every ModInfo: its fields, two names, then to 4 bytes."""
    modules = []
    at = 0
    while at + _MODULE_SIZE <= len(raw):
        modules.append(_Module._make(_MODULE.unpack_from(raw, at)))
        name_end = raw.find(b"\0", at + _MODULE_SIZE)
        file_end = raw.find(b"\0", name_end + 1)
        if min(name_end, file_end) < 0:
            break
        at = (file_end + 4) & ~3
    return modules


def _named(raw: bytes) -> list[PlacedName]:
    """The functions and variables among a module's symbols."""
    found = []
    at = 4  # behind CV_SIGNATURE_C13
    while at + 4 <= len(raw):
        size, kind = _SYMBOL.unpack_from(raw, at)
        if size < 2:
            break
        form = _FORMS.get(kind)
        if form and at + form[1] <= len(raw):
            offset, segment = _PLACE.unpack_from(raw, at + form[0])
            name = raw[at + form[1] : at + 2 + size].partition(b"\0")[0]
            text = name.decode("utf-8", "backslashreplace")
            found.append(PlacedName(segment, offset, text))
        at += 2 + size
    return found
