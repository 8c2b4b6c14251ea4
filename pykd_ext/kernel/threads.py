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

from ..target.errors import MemoryUnreadable, SymbolNotFound, TypeNotFound
from ..target.memory import Memory

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["ActiveCallback", "CallbackCall", "Read", "active_callbacks", "calls_of_thread",
           "innermost_calls"]  # fmt: skip

Read = Callable[[int, int], bytes]  # the bytes at a VA; raises MemoryUnreadable

_PROCESSES, _THREADS, _CALLS = 10_000, 100_000, 1000  # at most


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


class _Layout(NamedTuple):
    """Offsets in bytes: where lists hang, and where their links are."""

    process_links: int
    threads: int
    thread_links: int
    callbacks: int


def calls_of_thread(read: Read, head: int, size: int) -> Iterator[CallbackCall]:
    """Every call that the thread is in, the innermost first: a read, and one for each.

    ``head`` is the VA of its CmCallbackListHead, ``size`` a pointer's. Raises MemoryUnreadable at
    the first that cannot be read.
    """
    node = _pointer(read(head, size))
    seen: set[int] = set()
    while node and node not in seen and len(seen) < _CALLS:
        seen.add(node)
        call = _read_call(read, node, size)
        yield call
        node = call.next


def innermost_calls(read: Read, head: int, size: int) -> Iterator[CallbackCall]:
    """The innermost call of each operation that the thread is in, the innermost operation's first.

    Arguments and errors are those of :func:`calls_of_thread`; raises ValueError where the list of
    an operation does not lead back to itself. Three reads for each, whatever the number of
    callbacks.
    """
    node = _pointer(read(head, size))
    seen: set[int] = set()
    while node and node not in seen and len(seen) < _CALLS:
        seen.add(node)
        call = _read_call(read, node, size)
        yield call
        node = _outermost(read, call, size).next


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
    return int.from_bytes(raw, "little")


def active_callbacks(target: Target, problems: list[str]) -> Iterator[ActiveCallback]:
    """Of every thread of every process; what stops the search is appended to ``problems``."""
    try:
        layout = _layout(target)
        head = target.symbol("PsActiveProcessHead")
        yield from _of_all(target.memory, layout, head)
    except (SymbolNotFound, TypeNotFound, MemoryUnreadable) as error:
        problems.append(f"threads in callbacks: {error}")


def _layout(target: Target) -> _Layout:
    """From the kernel's types: no table serves, they move with every update (SOURCES 5.6)."""
    offset = target.field_offset
    return _Layout(
        process_links=offset("_EPROCESS", "ActiveProcessLinks"),
        threads=offset("_EPROCESS", "ThreadListHead"),
        thread_links=offset("_ETHREAD", "ThreadListEntry"),
        callbacks=offset("_ETHREAD", "CmCallbackListHead"),
    )


def _of_all(memory: Memory, layout: _Layout, head: int) -> Iterator[ActiveCallback]:
    size = memory.pointer_size
    for process_links in memory.list_entries(head, _PROCESSES):
        process = process_links - layout.process_links
        for thread_links in memory.list_entries(process + layout.threads, _THREADS):
            thread = thread_links - layout.thread_links
            for call in calls_of_thread(memory.read, thread + layout.callbacks, size):
                yield ActiveCallback(thread, call.block)
