"""A private PDB stripped as Microsoft strips its own (lld-link has no /pdbstripped).

What Microsoft's stripped ntdll.pdb has: the flag; of the modules with symbols the functions alone,
static ones too, each without a type; no lines; references to the functions among the globals.
"""

from __future__ import annotations

import struct
from pathlib import Path

from .msf_file import patched, read_streams, write_streams

__all__ = ["strip_symbols"]

_DBI = 3
_FLAGS, _WAS_STRIPPED = 56, 2  # DbiStream.html
_MODULE = 64  # ModInfo before its two names: ModuleSymStream +34, SymByteSize +36, C13 size +44
_NO_STREAM = 0xFFFF
_PROCEDURES = (0x110F, 0x1110)  # S_LPROC32, S_GPROC32: pParent +4, pEnd +8, pNext +12, typind +28
_REFERENCES = (0x1125, 0x1127)  # S_PROCREF, S_LPROCREF: ibSym +8, imod +12, from 1


def strip_symbols(private: Path, target: Path) -> None:
    """Writes ``target``: ``private`` without what a stripped PDB has not got."""
    streams = read_streams(private)
    dbi = streams[_DBI]
    flags = struct.unpack_from("<H", dbi, _FLAGS)[0] | _WAS_STRIPPED
    dbi = patched(dbi, _FLAGS, struct.pack("<H", flags))
    moved: dict[tuple[int, int], int] = {}
    for index, at in enumerate(_modules(dbi), 1):
        number, size = struct.unpack_from("<HI", dbi, at + 34)
        if number == _NO_STREAM:
            continue
        kept, places = _functions(streams[number][:size])
        moved.update({(index, old): new for old, new in places.items()})
        streams[number] = kept + bytes(4) if places else b""  # GlobalRefsSize
        info = (number, len(kept), 0, 0) if places else (_NO_STREAM, 0, 0, 0)
        dbi = patched(dbi, at + 34, struct.pack("<H3I", *info))
    streams[_DBI] = dbi
    records = struct.unpack_from("<H", dbi, 20)[0]
    streams[records] = _referred(streams[records], moved)
    write_streams(target, streams)


def _modules(dbi: bytes) -> list[int]:
    """Where each ModInfo starts."""
    found, at = [], 64
    end = at + int(struct.unpack_from("<I", dbi, 24)[0])
    while at < end:
        found.append(at)
        file = dbi.index(b"\0", at + _MODULE) + 1
        at = (dbi.index(b"\0", file) + 4) & ~3
    return found


def _functions(symbols: bytes) -> tuple[bytes, dict[int, int]]:
    """A module's functions, and where each was and is."""
    kept, places = symbols[:4], {}
    at = 4
    while at < len(symbols):
        size, kind = struct.unpack_from("<HH", symbols, at)
        if kind in _PROCEDURES:
            places[at] = len(kept)
            record = patched(symbols[at : at + 2 + size], 28, bytes(4))
            record = patched(record, 4, struct.pack("<3I", 0, len(kept) + len(record), 0))
            last = struct.unpack_from("<I", symbols, at + 8)[0]
            kept += record + symbols[last : last + 4]
            at, size = last, struct.unpack_from("<H", symbols, last)[0]
        at += 2 + size
    return kept, places


def _referred(records: bytes, moved: dict[tuple[int, int], int]) -> bytes:
    """The globals, leading to where the functions are now."""
    at = 0
    while at < len(records):
        size, kind = struct.unpack_from("<HH", records, at)
        if kind in _REFERENCES:
            place, module = struct.unpack_from("<IH", records, at + 8)
            records = patched(records, at + 8, struct.pack("<I", moved[module, place]))
        at += 2 + size
    return records
