"""What the threads of a live lab do: data, written by a test, read by c/threads.c."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ACTS",
    "ALWAYS",
    "KEY_READ",
    "KEY_SET_VALUE",
    "KINDS",
    "LAB_DRIVERS",
    "PROTECTED_KEY",
    "WRITE_DAC",
    "Act",
    "Actor",
    "Operation",
    "Script",
    "Work",
]

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
    "register-callback": 0x104,
    "unregister-callback": 0x104,
    "init-callbacks": 0x104,
    "reboot": 0x105,
}
ACTS = (
    "return", "overrule", "perform", "apc", "yield", "end-thread", "register", "unregister",
    "context", "crash", "bug-check", "change",
)  # fmt: skip
ALWAYS = 0xFFFFFFFF
PROTECTED_KEY = "\\REGISTRY\\MACHINE\\SOFTWARE\\RegProtect"  # by regprotect

KEY_READ, KEY_SET_VALUE, WRITE_DAC = 0x20019, 2, 0x40000  # winnt.h


class Operation(NamedTuple):
    """One thing that a thread does.

    ``kind``: one of :data:`KINDS`. ``key``: the key's full path; to create or open, that of the key
    that ``name`` is below. ``name``: a value's, a new key's, a driver's file name, or the text to
    print. ``access``: DesiredAccess. ``actor``: whose callback is registered or unregistered.
    """

    kind: str
    key: str = ""
    name: str = ""
    data: bytes = b""
    type: int = 4  # REG_DWORD
    access: int = KEY_READ
    actor: int = 0


class Work(NamedTuple):
    """A thread and its operations, ``rounds`` times (0: without end), on one processor."""

    process: str
    process_id: int
    thread_id: int
    operations: tuple[Operation, ...]
    rounds: int = 0
    processor: int = 0
    user_mode: bool = True


class Act(NamedTuple):
    """What a callback of stage.sys does when it is told of ``notify_class``.

    ``kind`` is one of :data:`ACTS`: return ``status``; overrule (in a post-notification: the caller
    gets ``status``); perform ``operations``, or do them in an apc; yield the processor; end-thread;
    register or unregister the callback of ``actor``; allocate a context before a value is set, and
    free it after; crash by a read of nothing; call KeBugCheckEx; change the result to ``status``
    and not say so. The first ``times`` times.
    """

    kind: str
    notify_class: int
    status: int = 0
    times: int = ALWAYS
    operations: tuple[Operation, ...] = ()
    actor: int = 0


class Actor(NamedTuple):
    """A callback of stage.sys, 64 of them at most; its function is ``StageCallback<number>``, and
    from the seventeenth on the first ones' again."""

    altitude: str
    acts: tuple[Act, ...] = ()
    at_load: bool = True  # registered by DriverEntry


LAB_DRIVERS = ("netmon.sys", "avfilter.sys", "oldfilt.sys", "regprotect.sys")


class Script(NamedTuple):
    """Everything that happens, once the debugger lets the target go.

    ``drivers`` are loaded in their order before; a script with ``actors`` names stage.sys, too.
    After a ``reboot`` all happens again but that, with the kernel at another place.
    """

    work: tuple[Work, ...]
    drivers: tuple[str, ...] = LAB_DRIVERS
    actors: tuple[Actor, ...] = ()
    processors: int = 1
    boots: bool = False  # begins before CmpInitCallbacks, which ``init-callbacks`` calls
    runs_on: bool = False  # while one processor takes a step for the debugger, the others run
    shape: str = "plain"  # how the kernel calls callbacks: one of code_shapes.SHAPES
