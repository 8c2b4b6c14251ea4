"""Where a process and a thread keep what is asked of them, by architecture and build.

The kernel's symbols are asked first; the rows serve where they have no types. They are _EPROCESS of
the public PDBs (SOURCES 5.5); each holds from its build until the next row's, and ARM64 has x64's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .type_offsets import field_offset

if TYPE_CHECKING:
    from ..target import Target

__all__ = [
    "ProcessLayout",
    "ThreadLayout",
    "image_name_offset",
    "process_layout",
    "thread_layout",
]


class ProcessLayout(NamedTuple):
    """_EPROCESS: offsets in bytes."""

    process_id: int
    links: int  # LIST_ENTRY ActiveProcessLinks
    handle_table: int  # PHANDLE_TABLE ObjectTable
    image_name: int  # UCHAR ImageFileName[15]


class ThreadLayout(NamedTuple):
    """_ETHREAD and the _KTHREAD that it begins with: offsets in bytes, None where not known."""

    process: int | None  # PKPROCESS, the thread's own or the one that it is attached to
    previous_mode: int | None  # CHAR
    client_id: int | None  # CLIENT_ID: two handles, of the process and of the thread


_P = ProcessLayout
_PROCESSES = {
    8: (
        (19041, _P(0x440, 0x448, 0x570, 0x5A8)),
        (18362, _P(0x2E8, 0x2F0, 0x418, 0x450)),
        (15063, _P(0x2E0, 0x2E8, 0x418, 0x450)),
        (10586, _P(0x2E8, 0x2F0, 0x418, 0x450)),
        (10240, _P(0x2E8, 0x2F0, 0x418, 0x448)),
        (9200, _P(0x2E0, 0x2E8, 0x408, 0x438)),
        (7600, _P(0x180, 0x188, 0x200, 0x2E0)),
        (6000, _P(0x0E0, 0x0E8, 0x160, 0x238)),
        (0, _P(0x0D8, 0x0E0, 0x158, 0x268)),
    ),
    4: (
        (19041, _P(0xE4, 0xE8, 0x18C, 0x1AC)),
        (15063, _P(0xB4, 0xB8, 0x15C, 0x17C)),
        (10586, _P(0xB4, 0xB8, 0x154, 0x174)),
        (10240, _P(0xB4, 0xB8, 0x154, 0x170)),
        (9200, _P(0xB4, 0xB8, 0x150, 0x170)),
        (7600, _P(0xB4, 0xB8, 0x0F4, 0x16C)),
        (6000, _P(0x9C, 0xA0, 0x0DC, 0x14C)),
        (3790, _P(0x94, 0x98, 0x0D4, 0x164)),
        (0, _P(0x84, 0x88, 0x0C4, 0x174)),
    ),
}
_NEWEST_KNOWN = 22631  # later builds have moved these; 24H2's KTHREAD is larger

# _KAPC_STATE (ntifs.h) is two LIST_ENTRYs and the process: that of a thread whose KTHREAD has no
# Process of its own, as on XP.
_APC_STATE_PROCESS = 4  # pointers


def process_layout(target: Target) -> ProcessLayout | None:
    """Where ``target`` keeps it; None when neither its symbols nor the table know."""
    asked = [
        field_offset(target, "_EPROCESS", field)
        for field in ("UniqueProcessId", "ActiveProcessLinks", "ObjectTable", "ImageFileName")
    ]
    known = [each for each in asked if each is not None]
    return ProcessLayout(*known) if len(known) == len(asked) else _row(target)


def image_name_offset(target: Target) -> int | None:
    """Where ``target`` keeps ImageFileName alone, for one request."""
    known = field_offset(target, "_EPROCESS", "ImageFileName")
    row = _row(target)
    return row.image_name if known is None and row else known


def _row(target: Target) -> ProcessLayout | None:
    if target.build > _NEWEST_KNOWN:
        return None
    rows = _PROCESSES[target.memory.pointer_size]
    return next(row for first, row in rows if target.build >= first)


def thread_layout(target: Target) -> ThreadLayout:
    """Where ``target`` keeps it, by its symbols alone: it changes within a build (SOURCES 5.6)."""
    process = field_offset(target, "_KTHREAD", "Process")
    if process is None:
        state = field_offset(target, "_KTHREAD", "ApcState")
        if state is not None:
            process = state + _APC_STATE_PROCESS * target.memory.pointer_size
    return ThreadLayout(
        process=process,
        previous_mode=field_offset(target, "_KTHREAD", "PreviousMode"),
        client_id=field_offset(target, "_ETHREAD", "Cid"),
    )
