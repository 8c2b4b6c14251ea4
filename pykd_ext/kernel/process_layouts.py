"""Where a process and a thread keep what is asked of them, by architecture and build.

The kernel's symbols are asked first; the rows serve where they have no types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import builds
from .builds import DERIVED, GUESS, PUBLIC, REAL, Row, Table
from .type_offsets import field_offset

if TYPE_CHECKING:
    from ..target import Target

__all__ = [
    "ProcessLayout",
    "ThreadLayout",
    "image_name_offset",
    "process_layout",
    "thread_callbacks_offset",
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
_PROCESSES: Table[ProcessLayout | None] = Table(
    "where a process keeps its fields",
    newest={"x64": 29648, "x86": 19045, "arm64": builds.V23H2},
    rows={
        "x64": (
            Row(builds.V24H2, _P(0x1D0, 0x1D8, 0x300, 0x338), PUBLIC, "SOURCES 5.7"),
            Row(builds.V23H2 + 1, None, GUESS, "nobody has looked"),
            Row(builds.V2004, _P(0x440, 0x448, 0x570, 0x5A8), REAL, "SOURCES 5.5, 5.7"),
            Row(builds.V1903, _P(0x2E8, 0x2F0, 0x418, 0x450), PUBLIC, "SOURCES 5.5"),
            Row(builds.V1703, _P(0x2E0, 0x2E8, 0x418, 0x450), PUBLIC, "SOURCES 5.5"),
            Row(builds.V1511, _P(0x2E8, 0x2F0, 0x418, 0x450), PUBLIC, "SOURCES 5.5"),
            Row(builds.V1507, _P(0x2E8, 0x2F0, 0x418, 0x448), PUBLIC, "SOURCES 5.5"),
            Row(builds.WINDOWS_8, _P(0x2E0, 0x2E8, 0x408, 0x438), PUBLIC, "SOURCES 5.5"),
            Row(builds.WINDOWS_7, _P(0x180, 0x188, 0x200, 0x2E0), PUBLIC, "SOURCES 5.5"),
            Row(builds.VISTA, _P(0x0E0, 0x0E8, 0x160, 0x238), PUBLIC, "SOURCES 5.5"),
            Row(0, _P(0x0D8, 0x0E0, 0x158, 0x268), PUBLIC, "SOURCES 5.5"),
        ),
        "x86": (
            Row(builds.V2004, _P(0xE4, 0xE8, 0x18C, 0x1AC), PUBLIC, "SOURCES 5.5"),
            Row(builds.V1703, _P(0xB4, 0xB8, 0x15C, 0x17C), PUBLIC, "SOURCES 5.5"),
            Row(builds.V1511, _P(0xB4, 0xB8, 0x154, 0x174), PUBLIC, "SOURCES 5.5"),
            Row(builds.V1507, _P(0xB4, 0xB8, 0x154, 0x170), PUBLIC, "SOURCES 5.5"),
            Row(builds.WINDOWS_8, _P(0xB4, 0xB8, 0x150, 0x170), PUBLIC, "SOURCES 5.5"),
            Row(builds.WINDOWS_7, _P(0xB4, 0xB8, 0x0F4, 0x16C), PUBLIC, "SOURCES 5.5"),
            Row(builds.VISTA, _P(0x9C, 0xA0, 0x0DC, 0x14C), PUBLIC, "SOURCES 5.5"),
            Row(builds.SERVER_2003, _P(0x94, 0x98, 0x0D4, 0x164), PUBLIC, "SOURCES 5.5"),
            Row(0, _P(0x84, 0x88, 0x0C4, 0x174), PUBLIC, "SOURCES 5.5"),
        ),
        # A dump of 22000 shows all but ObjectTable, which is the same from 19041 to 22631.
        "arm64": (
            Row(builds.V22H2, _P(0x3F8, 0x400, 0x528, 0x560), DERIVED, "SOURCES 5.7"),
            Row(builds.V21H2, _P(0x3F8, 0x400, 0x528, 0x560), REAL, "SOURCES 5.7"),
        ),
    },
)

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
    row = _PROCESSES.row(target.architecture, target.build)
    too_new = _PROCESSES.is_newer(target.architecture, target.build)
    return None if row is None or too_new else row.value


_T = ThreadLayout
_THREADS = Table(
    "where a thread keeps its fields",
    newest={"x64": 29648, "arm64": builds.V21H2},
    rows={
        "x64": (
            Row(builds.V24H2, _T(0x220, 0x232, 0x508), PUBLIC, "SOURCES 5.7"),
            Row(builds.SERVER_2022, _T(None, None, None), GUESS, "nobody has looked"),
            Row(builds.V2004, _T(None, None, 0x478), REAL, "SOURCES 5.7"),
        ),
        "arm64": (Row(builds.V21H2, _T(None, None, 0x4E8), REAL, "SOURCES 5.7"),),
    },
)

# ETHREAD.CmCallbackListHead, a SINGLE_LIST_ENTRY.
_CALLBACKS: Table[int | None] = Table(
    "where a thread keeps the callbacks that it is in",
    newest={"x64": 29648, "x86": 19045},
    rows={
        "x64": (
            Row(builds.V24H2, 0x628, PUBLIC, "SOURCES 5.7"),
            Row(builds.V23H2 + 1, None, GUESS, "nobody has looked"),
            Row(builds.V21H2, 0x5E8, PUBLIC, "SOURCES 5.6"),
            Row(builds.SERVER_2022, None, GUESS, "nobody has looked"),
            Row(builds.V2004, 0x598, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1903, 0x760, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1709, 0x750, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1703, 0x748, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1607, 0x740, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1507, 0x738, PUBLIC, "SOURCES 5.6"),
            Row(builds.WINDOWS_8_1, 0x730, PUBLIC, "SOURCES 5.6"),
            Row(builds.WINDOWS_8, 0x4A8, REAL, "SOURCES 5.6"),
            Row(builds.WINDOWS_7, 0x490, PUBLIC, "SOURCES 5.6"),
        ),
        "x86": (
            Row(builds.V2004, 0x358, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1903, 0x428, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1809, 0x420, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1703, 0x41C, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1607, 0x414, PUBLIC, "SOURCES 5.6"),
            Row(builds.V1507, 0x410, PUBLIC, "SOURCES 5.6"),
            Row(builds.WINDOWS_8_1, 0x400, PUBLIC, "SOURCES 5.6"),
            Row(builds.WINDOWS_7, 0x2B0, REAL, "SOURCES 5.6"),
        ),
    },
)


def thread_layout(target: Target) -> ThreadLayout:
    """Where ``target`` keeps it; None for what neither its symbols nor the table know."""
    asked = ThreadLayout(
        process=_process_of_thread(target),
        previous_mode=field_offset(target, "_KTHREAD", "PreviousMode"),
        client_id=field_offset(target, "_ETHREAD", "Cid"),
    )
    row = _THREADS.row(target.architecture, target.build)
    if row is None or _THREADS.is_newer(target.architecture, target.build):
        return asked
    return ThreadLayout(
        *(known if known is not None else other for known, other in zip(asked, row.value))
    )


def thread_callbacks_offset(target: Target) -> int | None:
    """Where an ETHREAD of ``target`` has CmCallbackListHead; None where nobody knows."""
    known = field_offset(target, "_ETHREAD", "CmCallbackListHead")
    if known is not None or _CALLBACKS.is_newer(target.architecture, target.build):
        return known
    row = _CALLBACKS.row(target.architecture, target.build)
    return row.value if row else None


def _process_of_thread(target: Target) -> int | None:
    process = field_offset(target, "_KTHREAD", "Process")
    if process is not None:
        return process
    state = field_offset(target, "_KTHREAD", "ApcState")
    return None if state is None else state + _APC_STATE_PROCESS * target.memory.pointer_size
