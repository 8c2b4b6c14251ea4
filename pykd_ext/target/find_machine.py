"""What a crash dump's header says, found in physical memory that has none: the page tables, the
kernel, its module list, its build.

A guess at the page tables (:mod:`.table_guesses`) is right where KUSER_SHARED_DATA lies at its
fixed address, and an image that calls itself the kernel is mapped. Seen on the lab's memory alone
so far, not on a real image (tests/lab/README.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from . import image
from .address_space import AddressSpace
from .architecture import ARCHITECTURES
from .errors import Implausible, MemoryUnreadable, TargetError
from .fields import unsigned
from .find_kernel import Effort, kernels
from .kernel_data import find_debugger_data, find_module_list
from .memory import Memory
from .shared_data import read_shared_data
from .table_guesses import Guess, table_guesses

if TYPE_CHECKING:
    from .physical import Hints
    from .protocol import Container

__all__ = ["Machine", "find_machine"]

_MOST_KERNELS = 16  # that are asked for their module list


class Machine(NamedTuple):
    """``space`` is the kernel's; ``module_list`` is the VA of PsLoadedModuleList, ``debugger_data``
    of KDDEBUGGER_DATA64, 0 where it is encoded."""

    space: AddressSpace
    build: int
    nt_base: int
    module_list: int
    debugger_data: int


def find_machine(memory: Container) -> Machine:
    """The Windows in ``memory``; raises TargetError where none is found."""
    tried, effort = 0, Effort()
    for guess in table_guesses(memory):
        tried += 1
        for architecture, paging in guess.pagings:
            space = AddressSpace(memory, architecture, paging, guess.directory)
            machine = _machine(space, guess, memory.hints, effort)
            if machine is not None:
                return machine
    raise TargetError(
        f"{memory.path}: no Windows is found in this memory ({tried} page tables were tried): is "
        "it whole, and not encrypted?"
    )


def _machine(space: AddressSpace, guess: Guess, hints: Hints, effort: Effort) -> Machine | None:
    memory = Memory(space)
    seen = read_shared_data(memory)
    if seen is None or seen.machine != ARCHITECTURES[space.architecture].machine:
        return None
    code = [each for each in (guess.code, *hints.code, *_handlers(memory, hints)) if each]
    without_list = None
    for base in islice(kernels(space, memory, code, effort), _MOST_KERNELS):
        try:
            exports = image.exports(memory, base)
            build = seen.build or memory.u32(exports["NtBuildNumber"]) & 0xFFFF
            module_list = exports.get("PsLoadedModuleList") or find_module_list(memory, base)
        except (MemoryUnreadable, Implausible, KeyError):
            continue
        machine = Machine(space, build, base, module_list, find_debugger_data(memory, base))
        if module_list:
            return machine
        without_list = without_list or machine
    return without_list


_PAGE_FAULT = 14
_GATE = 16  # bytes of an IDT's entry, whose handler is in three parts


def _handlers(memory: Memory, hints: Hints) -> Iterator[int]:
    """The handlers of page faults, which are the kernel's."""
    for table in hints.interrupt_tables:
        try:
            gate = memory.read(table + _PAGE_FAULT * _GATE, _GATE)
        except MemoryUnreadable:
            continue
        yield unsigned(gate[:2] + gate[6:12])
