"""Files that a user may take for a kernel dump with callbacks in it, and that are none."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Callable, NamedTuple

from .make import make_dump

__all__ = ["BAD_INPUTS", "BadInput", "make_bad_input"]

_MACHINE, _DUMP_TYPE = 0x30, 0xF98  # DUMP_HEADER64
_HEADER_SIZE = 0x2000


class BadInput(NamedTuple):
    """One kind of file."""

    description: str
    write: Callable[[Path], None]


def make_bad_input(path: Path | str, kind: str) -> None:
    """Writes a file of the kind; raises ValueError for one that is not in BAD_INPUTS."""
    if kind not in BAD_INPUTS:
        raise ValueError(f"no kind {kind!r}; there are {', '.join(BAD_INPUTS)}")
    BAD_INPUTS[kind].write(Path(path))


def empty(path: Path) -> None:
    """A file of no bytes."""
    path.write_bytes(b"")


def text(path: Path) -> None:
    """A text file."""
    path.write_text("Microsoft (R) Windows Debugger\nOpened log file\n" * 200, encoding="ascii")


def user_minidump(path: Path) -> None:
    """A user-mode minidump (MDMP), as of a crashed program."""
    # MINIDUMP_HEADER (minidumpapiset.h) and one empty stream of its directory.
    header = struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, 1, 0x20, 0, 0x5F5E1000, 0)
    path.write_bytes((header + struct.pack("<III", 0, 0, 0)).ljust(0x1000, b"\0"))


def triage(path: Path) -> None:
    """A kernel minidump (type 4) that was cut off behind its header."""
    _patched(path, _DUMP_TYPE, 4, keep=_HEADER_SIZE + 0x10)


def header_only(path: Path) -> None:
    """A header-only dump (type 3)."""
    _patched(path, _DUMP_TYPE, 3, keep=_HEADER_SIZE)


def unknown_type(path: Path) -> None:
    """A dump of a type that nobody knows."""
    _patched(path, _DUMP_TYPE, 0x1234)


def unknown_machine(path: Path) -> None:
    """A dump of a 32-bit ARM."""
    _patched(path, _MACHINE, 0x1C4)


def header_cut(path: Path) -> None:
    """A dump that ends in its header."""
    _patched(path, _DUMP_TYPE, 1, keep=0x800)


def _patched(path: Path, offset: int, value: int, keep: int | None = None) -> None:
    """A sound dump with one ULONG of its header changed, cut to ``keep`` bytes."""
    make_dump(path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, offset, value)
    path.write_bytes(data[:keep])


def _table(functions: Sequence[Callable[[Path], None]]) -> dict[str, BadInput]:
    return {
        function.__name__.replace("_", "-"): BadInput(
            (function.__doc__ or "").rstrip("."), function
        )
        for function in functions
    }


BAD_INPUTS = _table(
    (
        empty,
        text,
        user_minidump,
        triage,
        header_only,
        unknown_type,
        unknown_machine,
        header_cut,
    )
)
