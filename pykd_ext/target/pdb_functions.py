"""The functions and static variables of a PDB's modules, by address.

A driver's callback is often static, and then no public. Section contributions lead from an address
to the module (object file) it came from, whose symbols name its functions. A stripped PDB has none,
or the functions alone (Microsoft's ntdll: static ones too), and dbghelp shows what there is.

LLVM: DbiStream.html (section contributions, module info), ModiStream.html; cvinfo.h: PROCSYM32,
DATASYM32.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .msf import NO_STREAM, Msf, Stream
from .pdb_addresses import PlacedName
from .search import count_up_to

__all__ = ["Functions"]

_CONTRIBUTION_SIZES = {0xEFFE0000 + 19970605: 28, 0xEFFE0000 + 20140516: 32}  # by version
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
        self._by_module: dict[int, list[PlacedName]] = {}

    def at_or_below(self, segment: int, offset: int) -> PlacedName | None:
        """The function at a place or closest below it, None without one.

        Of several at one place, the first among its module's symbols.
        """
        place = (segment, offset)
        found = count_up_to(place, self._count, lambda index: self._contribution(index)[:2])
        for index in range(found - 1, max(found - 1 - _MOST_STEPS, -1), -1):
            in_segment, start, module = self._contribution(index)
            before = [each for each in self._functions(module) if each[:2] <= place]
            last = max(before, key=_place, default=None)
            if last is not None and _place(last) >= (in_segment, start):
                return last
        return None

    def _contribution(self, index: int) -> tuple[int, int, int]:
        """A contribution's segment, offset and module; they are sorted by the first two.

        SectionContribEntry: ISect +0, Offset +4, Size, Characteristics, ModuleIndex +16.
        """
        at = self._table + 4 + index * self._entry_size
        word = self._dbi.word
        return word(at, 2), word(at + 4), word(at + 16, 2)

    def _functions(self, module: int) -> list[PlacedName]:
        if module not in self._by_module:
            known = module < len(self._modules) and self._modules[module].stream != NO_STREAM
            self._by_module[module] = self._read_functions(self._modules[module]) if known else []
        return self._by_module[module]

    def _read_functions(self, module: _Module) -> list[PlacedName]:
        return _named(self._msf.stream(module.stream).read(0, module.size))


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


def _place(function: PlacedName) -> tuple[int, int]:
    return function.segment, function.offset


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
