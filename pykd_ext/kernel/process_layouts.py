"""Where a process and a thread keep what is asked of them, by the symbols or by a table."""

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
    create_time: int | None  # LARGE_INTEGER; only symbols tell it


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
    return ProcessLayout(*known) if len(known) == len(asked) else None


def image_name_offset(target: Target) -> int | None:
    """Where ``target`` keeps ImageFileName alone, for one request."""
    return field_offset(target, "_EPROCESS", "ImageFileName")


def thread_layout(target: Target) -> ThreadLayout:
    """Where ``target`` keeps it; None for what neither its symbols nor the table know."""
    return ThreadLayout(
        process=_process_of_thread(target),
        previous_mode=field_offset(target, "_KTHREAD", "PreviousMode"),
        client_id=field_offset(target, "_ETHREAD", "Cid"),
        create_time=field_offset(target, "_ETHREAD", "CreateTime"),
    )


def thread_callbacks_offset(target: Target) -> int | None:
    """Where an ETHREAD of ``target`` has CmCallbackListHead; None where nobody knows."""
    return field_offset(target, "_ETHREAD", "CmCallbackListHead")


def _process_of_thread(target: Target) -> int | None:
    process = field_offset(target, "_KTHREAD", "Process")
    if process is not None:
        return process
    state = field_offset(target, "_KTHREAD", "ApcState")
    return None if state is None else state + _APC_STATE_PROCESS * target.memory.pointer_size
