"""The header of a kernel crash dump, 32-bit or 64-bit.

Offsets: kdmp-parser-structs.h (HEADER64, PHYSMEM_DESC) for 64-bit and volatility3's crash.json and
crash_common.json for 32-bit; dump types: rizin's dmp_specs.h, and kdmp-parser-structs.h for those
from 8 on; Attributes: the SDK's mindumpdef.h, in public copies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from . import BugCheck
from .architecture import ArchitectureName, architecture_of_machine
from .dump_origin import Origin, dump_origin
from .errors import TargetError, UnsupportedTarget
from .fields import Record, unsigned, words
from .physical import PAGE

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = [
    "COMPLETE_RANGES",
    "KERNEL",
    "TRIAGE",
    "WITH_RANGES",
    "WITH_RUNS",
    "DumpHeader",
    "HeaderLayout",
    "begins_as_kernel_dump",
    "header_layout",
    "is_dump",
    "is_kernel_dump",
    "read_header",
    "read_runs",
]

_FULL, KERNEL, _HEADER, TRIAGE, _BITMAP_FULL, _BITMAP_KERNEL, _AUTOMATIC = range(1, 8)
_KERNEL_RANGES, _KERNEL_AND_USER_RANGES, COMPLETE_RANGES = range(8, 11)
WITH_RUNS = {_FULL}
WITH_RANGES = {_KERNEL_RANGES, _KERNEL_AND_USER_RANGES, COMPLETE_RANGES}
_WITH_BITMAP = {KERNEL, _BITMAP_FULL, _BITMAP_KERNEL, _AUTOMATIC}


class _Fields(NamedTuple):
    """DUMP_HEADER32 and 64, as far as they are asked; addresses are VAs, ``directory_table`` is a
    physical address."""

    build: int
    directory_table: int
    module_list: int
    machine: int
    bug_check: BugCheck
    pae: bool
    debugger_data: int
    dump_type: int
    attributes: int


def _of_header_64(fields: Iterable[int]) -> _Fields:
    build, directory, modules, machine, code, *rest = fields
    *parameters, debugger_data, dump_type, attributes = rest
    bug_check = BugCheck(code, tuple(parameters))
    return _Fields(
        build, directory, modules, machine, bug_check, True, debugger_data, dump_type, attributes
    )


def _of_header_32(fields: Iterable[int]) -> _Fields:
    build, directory, modules, machine, code, *rest = fields
    *parameters, pae, debugger_data, attributes, dump_type = rest
    bug_check = BugCheck(code, tuple(parameters))
    return _Fields(
        build, directory, modules, machine, bug_check, bool(pae), debugger_data, dump_type,
        attributes,
    )  # fmt: skip


# MinorVersion, DirectoryTableBase, PsLoadedModuleList, MachineImageType, BugCheckCode and its
# parameters, (PaeEnabled,) KdDebuggerDataBlock, DumpType, Attributes (of 32 bits before DumpType).
_HEADER_64 = Record("12xIQ 8xQ 8xI 4xI 4x4Q 32xQ 3856xI 180xI", _of_header_64)
_HEADER_32 = Record("12xII 4xI 4xI 4xI4I 32xB 3xI 2108xI 1764xI", _of_header_32)


class HeaderLayout(NamedTuple):
    """How the header of one bitness is laid out; sizes and offsets in bytes."""

    header_size: int
    fields: Record[_Fields]
    runs: int  # PHYSICAL_MEMORY_DESCRIPTOR
    word: int  # the size of its counts and page numbers
    context: int  # CONTEXT, where the room of the runs ends
    context_size: int
    exception: int  # EXCEPTION_RECORD


_HEADER_LAYOUTS = {
    b"PAGEDU64": HeaderLayout(0x2000, _HEADER_64, 0x88, 8, 0x348, 3000, 0xF00),
    b"PAGEDUMP": HeaderLayout(0x1000, _HEADER_32, 0x64, 4, 0x320, 1200, 0x7D0),
}


class DumpHeader(NamedTuple):
    """The header's facts. Addresses are VAs, ``directory_table`` is a physical address."""

    architecture: ArchitectureName
    dump_type: int
    build: int
    directory_table: int
    pae: bool
    module_list: int
    debugger_data: int
    origin: Origin


def is_dump(head: bytes) -> bool:
    """Whether a file that begins so is a dump of Windows, of whatever kind."""
    return head[:4] in (b"PAGE", b"MDMP")


def is_kernel_dump(path: str) -> bool:
    """Whether the file begins as a dump of a kernel does, 32-bit or 64-bit; False for one that
    cannot be read."""
    return begins_as_kernel_dump(_magic(path))


def begins_as_kernel_dump(head: bytes) -> bool:
    """Whether the first bytes of a file, eight or more, are those of such a dump."""
    return head[:8] in _HEADER_LAYOUTS


def _magic(path: str) -> bytes:
    """The first bytes, none of a file that cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(8)
    except OSError:
        return b""


# What is given in a dump's place now and then, by its first bytes.
_OTHER_FILES = (
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"\xfd7zXZ", "an xz file: unpack it"),
    (b"(\xb5/\xfd", "a Zstandard file: unpack it"),
    (b"BZh", "a bzip2 file: unpack it"),
    (b"MZ", "a Windows program or driver"),
    (
        b"\x7fELF\x01",
        "an ELF file of 32 bits: a raw image of the machine is read (pmemsave in QEMU's monitor)",
    ),
)


def header_layout(data: FileBytes, path: str) -> HeaderLayout:
    """That of the dump in ``data``; raises TargetError for what is no kernel's."""
    magic = data[:8]
    if magic[:4] == b"MDMP":
        raise TargetError(
            f"{path} is a user-mode minidump; registry callbacks live in the kernel: take a "
            "kernel, automatic or complete memory dump (MEMORY.DMP)"
        )
    layout = _HEADER_LAYOUTS.get(magic)
    other = next((what for start, what in _OTHER_FILES if magic.startswith(start)), None)
    if layout is None and other:
        raise TargetError(f"{path} is not a Windows crash dump, but {other}")
    if layout is None:
        raise TargetError(
            f"{path} is not a Windows crash dump: it starts with {magic!r}, "
            "not PAGEDU64 or PAGEDUMP; a raw image of memory has to be called .raw, .mem, .dd, "
            ".bin or .img"
        )
    if len(data) < layout.header_size:
        raise TargetError(
            f"{path}: the dump is cut off in its header ({len(data):#x} of {layout.header_size:#x} "
            "bytes)"
        )
    return layout


def read_header(data: FileBytes, layout: HeaderLayout, path: str) -> DumpHeader:
    """Raises TargetError for a dump that nothing can be read from, and says why."""
    fields = layout.fields.read(data)
    architecture = architecture_of_machine(fields.machine)
    if architecture is None:
        raise UnsupportedTarget(
            f"{path}: machine type {fields.machine:#x} is none of x64, x86, ARM64"
        )
    _refuse_type(fields.dump_type, path)
    origin = dump_origin(fields.bug_check, fields.attributes)
    if origin.is_encrypted:
        raise UnsupportedTarget(
            f"{path}: the memory in this dump is encrypted: decrypt it with "
            "KernelDumpDecrypt of the Debugging Tools for Windows"
        )
    return DumpHeader(
        architecture=architecture.name,
        dump_type=fields.dump_type,
        build=fields.build,
        directory_table=fields.directory_table,
        pae=fields.pae,
        module_list=fields.module_list,
        debugger_data=fields.debugger_data,
        origin=origin,
    )


def _refuse_type(dump_type: int, path: str) -> None:
    if dump_type == _HEADER:
        raise TargetError(
            f"{path} is the header of a dump alone (type {dump_type}): take a kernel, automatic or "
            "complete memory dump"
        )
    if dump_type not in WITH_RUNS | WITH_RANGES | _WITH_BITMAP | {TRIAGE}:
        raise UnsupportedTarget(f"{path}: unknown dump type {dump_type:#x}")


def read_runs(data: FileBytes, layout: HeaderLayout, path: str) -> list[tuple[int, int, int]]:
    """PHYSICAL_MEMORY_DESCRIPTOR: as (first page number, page count, file offset)."""
    count = unsigned(data, layout.runs, 4)
    first = layout.runs + 2 * layout.word
    room = (layout.context - first) // (2 * layout.word)
    if not 0 < count <= room:
        raise TargetError(
            f"{path}: the header's physical memory runs are damaged ({count:#x} of them, room for "
            f"{room})"
        )
    runs = []
    offset = layout.header_size
    numbers = words(data[first : first + count * 2 * layout.word], layout.word)
    for base, pages in zip(numbers[0::2], numbers[1::2]):
        runs.append((base, pages, offset))
        offset += pages * PAGE
    return runs
