"""Threads, and the callbacks that they are in: a second witness of what is registered.

A thread that is inside a registry operation keeps a CMci for each callback that it has called, from
ETHREAD.CmCallbackListHead (Windows 7 on; SOURCES 1.5, 3.6, decompiled 1507 to 26H1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable, SymbolNotFound, TypeNotFound
from ..target.memory import Memory

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["ActiveCallback", "active_callbacks"]

_PROCESSES, _THREADS, _NESTED = 10_000, 100_000, 100  # at most


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
    for process_links in memory.list_entries(head, _PROCESSES):
        process = process_links - layout.process_links
        for thread_links in memory.list_entries(process + layout.threads, _THREADS):
            yield from _of_thread(memory, thread_links - layout.thread_links, layout.callbacks)


def _of_thread(memory: Memory, thread: int, offset: int) -> Iterator[ActiveCallback]:
    """A SINGLE_LIST_ENTRY; the block's pointer stands behind it."""
    node = memory.pointer(thread + offset)
    for _ in range(_NESTED):
        if not node:
            return
        yield ActiveCallback(thread, memory.pointer(node + memory.pointer_size))
        node = memory.pointer(node)
