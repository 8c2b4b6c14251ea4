"""The functions of a private PDB, static ones too: which one holds an address.

A driver's callback is often static and then no public. Section contributions lead from an address
to the module (object file) it came from, whose symbol stream names its functions. Public PDBs are
stripped of those streams and answer None at once.

LLVM: DbiStream.html (section contributions, module info), ModiStream.html; cvinfo.h: PROCSYM32.
"""

from __future__ import annotations

from .msf import Msf, Stream

__all__ = ["Functions"]

_VERSIONS = {0xEFFE0000 + 19970605: 28, 0xEFFE0000 + 20140516: 32}  # contribution's size in bytes
_PROCEDURES = (0x110F, 0x1110, 0x1146, 0x1147)  # S_LPROC32, S_GPROC32 and their _ID forms
_NO_STREAM = 0xFFFF
_LARGEST_MODULE = 1 << 26  # bytes of symbols


class Functions:
    """Looks up functions in one PDB; damaged parts simply hold none."""

    def __init__(self, msf: Msf, dbi: Stream) -> None:
        self._msf = msf
        self._dbi = dbi
        modules_size, contributions_size = dbi.word(24), dbi.word(28)
        self._contributions = 64 + modules_size
        self._entry_size = 0
        if contributions_size >= 4:
            self._entry_size = _VERSIONS.get(dbi.word(self._contributions), 0)
        self._count = (contributions_size - 4) // self._entry_size if self._entry_size else 0
        self._streams = self._module_streams(modules_size)
        self._by_stream: dict[int, list[tuple[int, int, int, str]]] = {}

    def holding(self, segment: int, offset: int) -> tuple[str, int] | None:
        """The name and start of the function that holds (segment, offset)."""
        if not any(each != _NO_STREAM for each in self._streams):
            return None
        module = self._module_at(segment, offset)
        if module is None or module >= len(self._streams):
            return None
        holding = [
            (name, start)
            for in_segment, start, size, name in self._functions(self._streams[module])
            if in_segment == segment and start <= offset < start + size
        ]
        return max(holding, key=lambda each: each[1], default=None)

    def _module_at(self, segment: int, offset: int) -> int | None:
        """By binary search: contributions are sorted by segment and offset."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._contribution(middle)[0:2] <= (segment, offset):
                low = middle + 1
            else:
                high = middle
        if not low:
            return None
        in_segment, start, size, module = self._contribution(low - 1)
        return module if in_segment == segment and start <= offset < start + size else None

    def _contribution(self, index: int) -> tuple[int, int, int, int]:
        at = self._contributions + 4 + index * self._entry_size
        word = self._dbi.word
        return word(at, 2), word(at + 4), word(at + 8), word(at + 16, 2)

    def _module_streams(self, size: int) -> list[int]:
        """Each module's symbol stream, in module order."""
        raw = self._dbi.read(64, size)
        streams = []
        at = 0
        while at + 64 <= len(raw):
            streams.append(int.from_bytes(raw[at + 34 : at + 36], "little"))
            name_end = raw.find(b"\0", at + 64)
            file_end = raw.find(b"\0", name_end + 1) if name_end >= 0 else -1
            if file_end < 0:
                break
            at = (file_end + 4) & ~3
        return streams

    def _functions(self, number: int) -> list[tuple[int, int, int, str]]:
        """(segment, offset, size, name) of each function in a module's symbol stream."""
        if number == _NO_STREAM or number >= self._msf.count:
            return []
        if number not in self._by_stream:
            stream = self._msf.stream(number)
            self._by_stream[number] = _procedures(stream.read(0, min(stream.size, _LARGEST_MODULE)))
        return self._by_stream[number]


def _procedures(raw: bytes) -> list[tuple[int, int, int, str]]:
    found = []
    at = 4  # behind CV_SIGNATURE_C13
    while at + 4 <= len(raw):
        size = int.from_bytes(raw[at : at + 2], "little")
        kind = int.from_bytes(raw[at + 2 : at + 4], "little")
        if size < 2:
            break
        if kind in _PROCEDURES and size >= 37:
            code_size = int.from_bytes(raw[at + 16 : at + 20], "little")
            offset = int.from_bytes(raw[at + 32 : at + 36], "little")
            segment = int.from_bytes(raw[at + 36 : at + 38], "little")
            name = raw[at + 39 : at + 2 + size].partition(b"\0")[0]
            found.append((segment, offset, code_size, name.decode("utf-8", "backslashreplace")))
        at += 2 + size
    return found
