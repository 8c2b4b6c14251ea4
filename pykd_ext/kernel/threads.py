"""Threads, and the callbacks that they are in: a second witness of what is registered.

A thread that is inside a registry operation keeps a CMci for each callback that it has called, from
before its pre-notification to the end of its post-notification, or until it has refused. They hang
from ETHREAD.CmCallbackListHead, the innermost first (Windows 7 on; SOURCES 1.5, 3.6).

The CMcis of one operation hang on a second list too, in the order of the calls, whose head lies on
the stack of the system service. So operations that were asked for in each other can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..target.debugger_data import kernel_variable
from ..target.errors import Implausible, MemoryUnreadable, SymbolNotFound, TypeNotFound
from ..target.fields import unsigned
from .builds import WINDOWS_7
from .type_offsets import field_offset, known_field_offset

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["ActiveCallback", "CallbackCall", "Read", "active_callbacks", "calls_of_thread",
           "innermost_calls", "threads_of_all"]  # fmt: skip

Read = Callable[[int, int], bytes]  # the bytes at a VA; raises MemoryUnreadable

# At most: processes, threads in all, calls of one thread, calls in all.
_PROCESSES, _THREADS, _CALLS, _ALL_CALLS = 10_000, 100_000, 1000, 100_000


class CallbackCall(NamedTuple):
    """A CMci: one callback in one operation of a thread. All VAs.

    ``flink`` and ``blink`` link those of the operation, ``next`` those of the thread; ``block`` is
    the callback's.
    """

    address: int
    flink: int
    blink: int
    next: int
    block: int


class ActiveCallback(NamedTuple):
    """The thread of the ETHREAD ``thread`` is in the callback of the block ``block``: VAs."""

    thread: int
    block: int


def calls_of_thread(read: Read, head: int, size: int) -> Iterator[CallbackCall]:
    """Every call that the thread is in, the innermost first: a read, and one for each.

    ``head`` is the VA of its CmCallbackListHead, ``size`` a pointer's. Raises MemoryUnreadable at
    the first that cannot be read.
    """
    return _walk(read, head, size, lambda call: call)


def innermost_calls(read: Read, head: int, size: int) -> Iterator[CallbackCall]:
    """The innermost call of each operation that the thread is in, the innermost operation's first.

    Arguments and errors are those of :func:`calls_of_thread`; raises ValueError where the list of
    an operation does not lead back to itself. Three reads for each, whatever the number of
    callbacks.
    """
    return _walk(read, head, size, lambda call: _outermost(read, call, size))


def _walk(
    read: Read, head: int, size: int, last: Callable[[CallbackCall], CallbackCall]
) -> Iterator[CallbackCall]:
    """Calls on the thread's list; after each, on it goes behind what ``last`` makes of it."""
    node = _pointer(read(head, size))
    seen: set[int] = set()
    while node and node not in seen and len(seen) < _CALLS:
        seen.add(node)
        call = _read_call(read, node, size)
        yield call
        node = last(call).next


def _outermost(read: Read, call: CallbackCall, size: int) -> CallbackCall:
    """The first call of the operation whose innermost is ``call``: that one leads to the list's
    head, also when it is off the list, as a post-notification's is."""
    head = call.flink
    first, last = _pointers(read(head, 2 * size), size)
    if first == call.address or (first, last) == (head, head):
        return call
    outermost = _read_call(read, first + 2 * size, size)
    if outermost.blink != head or last not in (call.address, call.blink):
        raise ValueError(f"the operation's list at {head:#x} is not consistent")
    return outermost


def _read_call(read: Read, node: int, size: int) -> CallbackCall:
    """The CMci whose link in the thread's list is ``node`` (SOURCES 1.5, 3.6: read in the code of 7
    to 26H1, x86 and x64)."""
    address = node - 2 * size
    return CallbackCall(address, *_pointers(read(address, 4 * size), size))


def _pointers(raw: bytes, size: int) -> list[int]:
    return [_pointer(raw[at : at + size]) for at in range(0, len(raw), size)]


def _pointer(raw: bytes) -> int:
    return unsigned(raw)


def active_callbacks(target: Target, problems: list[str]) -> Iterator[ActiveCallback]:
    """Of every thread of every process; what stops the search is appended to ``problems``."""
    memory = target.memory
    if target.build < WINDOWS_7:  # SOURCES 3.6
        problems.append("before Windows 7 no thread keeps a list of the callbacks that it is in")
        return
    left = _ALL_CALLS
    try:
        callbacks = known_field_offset(target, "_ETHREAD", "CmCallbackListHead")
        for thread in threads_of_all(target):
            for call in calls_of_thread(memory.read, thread + callbacks, memory.pointer_size):
                left -= 1
                if left < 0:
                    raise Implausible(f"more than {_ALL_CALLS} were found, the rest is not read")
                yield ActiveCallback(thread, call.block)
    except (SymbolNotFound, TypeNotFound, MemoryUnreadable, Implausible) as error:
        problems.append(f"threads in callbacks: {error}")


# The kernel keeps two lists of a process's threads.
_THREAD_LISTS = (("_EPROCESS", "_ETHREAD"), ("_KPROCESS", "_KTHREAD"))


def threads_of_all(target: Target) -> Iterator[int]:
    """The VA of every ETHREAD of every process.

    Raises SymbolNotFound, TypeNotFound, MemoryUnreadable, and Implausible after 100,000.
    """
    memory = target.memory
    left = _THREADS
    links = known_field_offset(target, "_EPROCESS", "ActiveProcessLinks")
    head, entry = _thread_list(target)
    for process in memory.list_entries(kernel_variable(target, "PsActiveProcessHead"), _PROCESSES):
        for thread in memory.list_entries(process - links + head, left):
            left -= 1
            yield thread - entry
        if not left:
            raise Implausible(f"more than {_THREADS} threads, the rest is not looked at")


def _thread_list(target: Target) -> tuple[int, int]:
    """Offsets of a process's ThreadListHead and of a thread's ThreadListEntry."""
    for process, thread in _THREAD_LISTS:
        known = (
            field_offset(target, process, "ThreadListHead"),
            field_offset(target, thread, "ThreadListEntry"),
        )
        if known[0] is not None and known[1] is not None:
            return known[0], known[1]
    raise TypeNotFound("_ETHREAD.ThreadListEntry", "nt")
