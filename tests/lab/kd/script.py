"""What the threads of a live lab do: data, written by a test, read by c/threads.c."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_SCRIPT", "KINDS", "SCRIPTS", "Operation", "Script", "Work"]

# The class of the pre-notification, or what c/operation.h numbers from 0x100 on.
KINDS = {
    "delete-key": 0,
    "set-value": 1,
    "delete-value": 2,
    "rename-key": 4,
    "enumerate-key": 5,
    "query-key": 7,
    "query-value": 8,
    "close": 14,
    "create": 26,
    "open": 28,
    "flush": 30,
    "load-driver": 0x100,
    "unload-driver": 0x101,
    "print": 0x102,
    "exit-thread": 0x103,
}

KEY_READ, KEY_SET_VALUE = 0x20019, 2  # winnt.h


class Operation(NamedTuple):
    """One thing that a thread does.

    ``kind``: one of :data:`KINDS`. ``key``: the key's full path; to create or open, that of the key
    that ``name`` is below. ``name``: a value's, a new key's, a driver's file name, or the text to
    print. ``access``: DesiredAccess.
    """

    kind: str
    key: str = ""
    name: str = ""
    data: bytes = b""
    type: int = 4  # REG_DWORD
    access: int = KEY_READ


class Work(NamedTuple):
    """A thread and its operations, ``rounds`` times (0: without end), on one processor."""

    process: str
    process_id: int
    thread_id: int
    operations: tuple[Operation, ...]
    rounds: int = 0
    processor: int = 0
    user_mode: bool = True


class Script(NamedTuple):
    """Everything that happens, once the debugger lets the target go."""

    work: tuple[Work, ...]
    drivers: tuple[str, ...] = ("netmon.sys", "avfilter.sys", "oldfilt.sys", "regprotect.sys")
    processors: int = 1


_SOFTWARE = "\\REGISTRY\\MACHINE\\SOFTWARE"
_PROTECTED = f"{_SOFTWARE}\\RegProtect"

DEFAULT_SCRIPT = Script(
    (
        Work(
            "regedit.exe",
            0x1A3C,
            0x1A40,
            (
                Operation("create", _SOFTWARE, "Example\\Settings", access=KEY_SET_VALUE),
                Operation("set-value", f"{_SOFTWARE}\\Example", "Volume", b"\x2a\0\0\0"),
                Operation("open", _SOFTWARE, "RegProtect", access=KEY_READ),
                Operation("open", _SOFTWARE, "RegProtect", access=KEY_SET_VALUE),
                Operation("set-value", _PROTECTED, "Answer", b"\x2a\0\0\0"),
            ),
        ),
    )
)

SCRIPTS = {"default": DEFAULT_SCRIPT}  # for `python -m tests.lab kd --script NAME`
