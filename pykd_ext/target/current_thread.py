"""The thread that crashed, in a dump: the one on whose kernel stack the header's registers are.

KiProcessorBlock, an array of KPRCB pointers, is a public symbol, and in KDDEBUGGER_DATA64.
KPRCB.CurrentThread is the second pointer on x64, ARM64 and x86 (public PDBs: vergilius-rs).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .architecture import ARCHITECTURES
from .debugger_data import kernel_variable
from .errors import MemoryUnreadable, RegisterUnavailable, SymbolNotFound, TypeNotFound

if TYPE_CHECKING:
    from .protocol import Target

__all__ = ["current_thread"]

_PROCESSORS_AT_MOST = 2048  # "Processor Groups" (Microsoft): 32 groups of 64


def current_thread(target: Target) -> int:
    """The VA of its KTHREAD; raises RegisterUnavailable where it cannot be told."""
    try:
        threads = list(_running_threads(target))
    except (SymbolNotFound, MemoryUnreadable) as error:
        raise RegisterUnavailable("$thread", str(error)) from None
    if len(threads) == 1:
        return threads[0]
    pointer = target.register(ARCHITECTURES[target.architecture].stack_pointer)
    for thread in threads:
        if _has_stack_at(target, thread, pointer):
            return thread
    raise RegisterUnavailable("$thread", f"no processor's thread has its stack at {pointer:#x}")


def _running_threads(target: Target) -> Iterator[int]:
    memory = target.memory
    size = memory.pointer_size
    block = kernel_variable(target, "KiProcessorBlock")
    for number in range(_PROCESSORS_AT_MOST):
        processor = memory.pointer(block + number * size)
        if not processor:
            return
        yield memory.pointer(processor + size)


def _has_stack_at(target: Target, thread: int, pointer: int) -> bool:
    memory = target.memory
    try:
        limit, base = (
            memory.pointer(thread + target.field_offset("_KTHREAD", field))
            for field in ("StackLimit", "StackBase")
        )
    except (TypeNotFound, MemoryUnreadable):
        return False
    return limit <= pointer < base
