"""ELF64 cores: QEMU's dump-guest-memory, libvirt's virsh dump --memory-only, VirtualBox.

Headers: the System V ABI (Elf64_Ehdr, Elf64_Phdr, Elf64_Nhdr). A segment's physical address is the
guest's. QEMU's own note has each processor's registers (QEMUCPUState, target/i386/arch_dump.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from struct import Struct
from typing import TYPE_CHECKING

from ..errors import TargetError
from ..fields import unpack_at
from ..physical import PAGE, Hints
from .container import StoredContainer, damaged

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes


_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_KIND = "ELF core"
_TYPE_CORE = 4
_HEADER = Struct("<16x2H4x8xQ8x4x2x2H")  # type, machine, program headers, their size, how many
_SEGMENT = Struct("<2I4Q16x")  # type, flags, file offset, VA, physical address, size in the file
_NOTE = Struct("<3I")  # bytes of the name, of the description, type
_LOAD, _NOTES = 1, 4
_NOT_THE_COUNT = 0xFFFF  # PN_XNUM: there are more segments, elf.h
_MOST_NOTES = 0x4000

_QEMU = b"QEMU"
_QEMU_RIP, _QEMU_IDT, _QEMU_CR3 = 136, 384, 416  # offsets in QEMUCPUState
_WORD = Struct("<Q")


def detect(head: bytes, _: str) -> bool:
    return head.startswith(_MAGIC)


def open_container(data: FileBytes) -> Container:
    if len(data) < _HEADER.size:
        raise damaged(data.path, _KIND, "it ends in its header")
    kind, _, table, size, count = unpack_at(_HEADER, data)
    if kind != _TYPE_CORE:
        raise TargetError(f"{data.path}: an ELF file that is no core: nothing of a memory is in it")
    if count == _NOT_THE_COUNT:
        raise TargetError(f"{data.path}: an {_KIND} of 65,535 segments or more is not read")
    if size < _SEGMENT.size or table + count * size > len(data):
        raise damaged(data.path, _KIND, f"its program headers at {table:#x} are not in the file")
    runs, notes = [], []
    for at in range(table, table + count * size, size):
        segment, _, offset, _, physical, length = unpack_at(_SEGMENT, data, at)
        if segment == _LOAD and physical % PAGE == 0:
            runs.append((physical // PAGE, length // PAGE, offset))
        elif segment == _NOTES:
            notes.append(_notes(data, offset, min(offset + length, len(data))))
    states = _qemu_states(data, chain.from_iterable(notes))
    return StoredContainer(_KIND, data, runs, _hints(states))


def _notes(data: FileBytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Of each: where its name is in the file, where its description, how long that is."""
    while at + _NOTE.size <= end:
        name_size, size, _ = unpack_at(_NOTE, data, at)
        name = at + _NOTE.size
        description = name + (name_size + 3 & ~3)
        yield name, description, size
        at = description + (size + 3 & ~3)


def _qemu_states(data: FileBytes, notes: Iterable[tuple[int, int, int]]) -> list[bytes]:
    return [
        data[description : description + size]
        for name, description, size in islice(notes, _MOST_NOTES)
        if data[name : name + 4] == _QEMU and size >= _QEMU_CR3 + 8
    ]


def _hints(states: list[bytes]) -> Hints:
    def words(offset: int) -> tuple[int, ...]:
        return tuple(
            _WORD.unpack_from(state, offset)[0] for state in states if len(state) >= offset + 8
        )

    return Hints(words(_QEMU_CR3), words(_QEMU_RIP), words(_QEMU_IDT), is_frozen=bool(states))
