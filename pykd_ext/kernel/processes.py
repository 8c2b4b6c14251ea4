"""Processes, by their EPROCESS and by their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..target.debugger_data import kernel_variable
from ..target.errors import MemoryUnreadable, RegcbError, SymbolNotFound
from .process_layouts import image_name_offset, process_layout

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NoSuchProcess", "Process", "find_process", "process_name"]

_IMAGE_NAME = 15  # bytes of EPROCESS.ImageFileName
_PROCESSES_AT_MOST = 10_000


class NoSuchProcess(RegcbError):
    """There is no such process, or the list does not lead to it; ``str()`` says which."""


class Process(NamedTuple):
    """One process: the VA of its EPROCESS, its number, the first 15 bytes of its image's name."""

    address: int
    process_id: int
    name: str
    handle_table: int


def find_process(target: Target, process_id: int) -> Process:
    """The process with that number, found along nt!PsActiveProcessHead: two reads a process.

    Raises NoSuchProcess.
    """
    seen = 0
    try:
        for process in _processes(target):
            if process.process_id == process_id:
                return process
            seen += 1
    except (SymbolNotFound, MemoryUnreadable) as error:
        raise NoSuchProcess(
            f"process {process_id} was not found among the first {seen}: {error}"
        ) from None
    raise NoSuchProcess(f"no process {process_id}: none of {seen} has that number")


def _processes(target: Target) -> Iterator[Process]:
    memory = target.memory
    layout = process_layout(target)
    if layout is None:
        raise NoSuchProcess(
            f"where build {target.build} keeps its processes is not known without the kernel's "
            "symbols (-y)"
        )
    head = kernel_variable(target, "PsActiveProcessHead")
    for links in memory.list_entries(head, _PROCESSES_AT_MOST):
        address = links - layout.links
        yield Process(
            address=address,
            process_id=memory.pointer(address + layout.process_id),
            name=_name_at(target, address + layout.image_name),
            handle_table=memory.pointer(address + layout.handle_table),
        )


def process_name(target: Target, address: int) -> str | None:
    """The name of the process whose EPROCESS is at ``address``; None where that is not known.

    Raises MemoryUnreadable.
    """
    offset = image_name_offset(target)
    return None if offset is None else _name_at(target, address + offset)


def _name_at(target: Target, address: int) -> str:
    """In the system's code page; what is not ASCII is shown as Latin-1."""
    return target.memory.read(address, _IMAGE_NAME).partition(b"\0")[0].decode("latin-1")
