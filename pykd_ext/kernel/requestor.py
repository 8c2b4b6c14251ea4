"""Who asks for the operation: the thread that the target is stopped in, and its process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar, Union

from ..target.errors import MemoryUnreadable, RegisterUnavailable
from ..target.fields import unsigned
from .process_layouts import ThreadLayout, thread_layout
from .processes import process_name

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NO_REQUESTOR", "ProcessNames", "Requestor", "read_requestor"]

NO_REQUESTOR = "who asks is not known: the target does not tell its thread"

_CLOSE = 0x100  # bytes that are read at once
_Answer = TypeVar("_Answer")


class Requestor(NamedTuple):
    """A thread and its process; what could not be read or found out is None.

    ``thread`` and ``process`` are the VAs of the ETHREAD and the EPROCESS. ``previous_mode`` is
    KTHREAD.PreviousMode, KernelMode 0 or UserMode 1: whose call is being served. ``create_time``
    (ETHREAD.CreateTime) tells threads apart that have the same number and place one after another.
    ``problems`` says what is missing and why.
    """

    thread: int
    thread_id: int | None
    process: int | None
    process_id: int | None
    process_name: str | None
    previous_mode: int | None
    create_time: int | None = None
    problems: tuple[str, ...] = ()


ProcessNames = dict[tuple[int, Union[int, None]], Union[str, None]]


def read_requestor(target: Target, names: ProcessNames | None = None) -> Requestor | None:
    """The requestor of the operation that the target is stopped in, None without a thread.

    Three requests or four and, once a target, five for where the fields are. ``names`` are of
    processes that are known by their VAs and numbers, and are added to.
    """
    try:
        thread = target.current_thread()
    except RegisterUnavailable:
        return None
    return _Reader(target, thread, {} if names is None else names).requestor()


class _Reader:
    """Reads one thread, and keeps account of what is missing."""

    def __init__(self, target: Target, thread: int, names: ProcessNames) -> None:
        self._target = target
        self._names = names
        self._thread = thread
        self._unknown: list[str] = []  # what no symbols say the place of
        self._problems: list[str] = []

    def requestor(self) -> Requestor:
        memory, layout = self._target.memory, thread_layout(self._target)
        small = self._target.small_dump
        if layout.process is None and small and small.thread == self._thread:
            process: int | None = small.process or None
        else:
            process = self._field("its process", layout.process, memory.pointer)
        created, process_id, thread_id = self._identity(layout)
        mode = self._field("its mode", layout.previous_mode, lambda at: memory.unsigned(at, 1))
        name = self._name(process, process_id)
        if self._unknown:
            unknown = ", ".join(self._unknown)
            self._problems.append(
                f"the thread: {unknown}: where this build keeps that is not in the kernel's symbols"
            )
        return Requestor(
            thread=self._thread,
            thread_id=thread_id,
            process=process,
            process_id=process_id,
            process_name=name,
            previous_mode=mode,
            create_time=created,
            problems=tuple(self._problems),
        )

    def _identity(self, layout: ThreadLayout) -> tuple[int | None, int | None, int | None]:
        """When it was made, its process's number and its own: they lie close together."""
        memory = self._target.memory
        size, start = memory.pointer_size, layout.create_time
        numbers = layout.client_id
        if start is None or numbers is None or not 8 <= numbers - start <= _CLOSE:
            start = numbers
        length = 2 * size if start is None or numbers is None else numbers + 2 * size - start
        raw = self._field("its numbers", start, lambda at: memory.read(at, length))
        if raw is None:
            return None, None, None
        process, thread = (unsigned(raw[at:], 0, size) for at in (-2 * size, -size))
        return unsigned(raw, 0, 8) if start != numbers else None, process, thread

    def _field(
        self, what: str, offset: int | None, read: Callable[[int], _Answer]
    ) -> _Answer | None:
        if offset is None:
            self._unknown.append(what)
            return None
        try:
            return read(self._thread + offset)
        except MemoryUnreadable as error:
            self._problems.append(f"the thread: {what}: {error}")
            return None

    def _name(self, process: int | None, number: int | None) -> str | None:
        if not process:
            return None
        try:
            if (process, number) not in self._names:
                self._names[process, number] = process_name(self._target, process)
            return self._names[process, number]
        except MemoryUnreadable as error:
            self._problems.append(f"the process's name: {error}")
            return None
