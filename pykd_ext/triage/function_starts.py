"""Whether a callback begins where its driver has a function: one replaced by another place in the
same driver, a return in the middle of some function, passes every look at its owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from ..target.errors import MemoryUnreadable
from ..target.function_table import extent_of, is_guarded_target
from ..target.memory import Memory
from .finding import Finding, about
from .scene import Scene

__all__ = ["function_inside"]

_SEVERAL_ENTRIES = "assembly by hand may have several entries in one row of .pdata"
_UNGUARDED = "code that was assembled by hand, or generated, may be missing in that table"


def function_inside(scene: Scene) -> Iterator[Finding]:
    """The function lies in the middle of another by .pdata; or the image has a table of what may be
    called through pointers (Control Flow Guard), and it is not there. A leaf function has no row
    in .pdata, and nothing is held against it."""
    memory = scene.target.memory
    for entry in scene.readable:
        function, base = entry.block.function, entry.owner.base
        if not function or base is None or entry.owner.state != "loaded":
            continue
        start = _enclosing(memory, base, function - base)
        if start is not None:
            yield about(
                entry, "function-inside", "high",
                f"the function is {function - base - start:#x} bytes inside another, which begins "
                f"at {base + start:#x}: it was replaced",
                {"function": f"{function:#x}", "encloses": f"{base + start:#x}"},
                _SEVERAL_ENTRIES,
            )  # fmt: skip
        elif _is_unguarded(memory, base, function - base):
            yield about(
                entry, "function-inside", "medium",
                f"{entry.owner.name} has a table of the functions that may be called through "
                "pointers (Control Flow Guard), and this is none of them",
                {"function": f"{function:#x}", "encloses": None},
                _UNGUARDED,
            )  # fmt: skip


def _enclosing(memory: Memory, base: int, rva: int) -> int | None:
    """Where the function, or the part of one, begins that ``rva`` lies inside of."""
    with suppress(MemoryUnreadable):
        extent = extent_of(memory, base, rva)
        if extent is not None and (extent.start != rva or extent.is_part):
            return extent.start
    return None


def _is_unguarded(memory: Memory, base: int, rva: int) -> bool:
    with suppress(MemoryUnreadable):
        return is_guarded_target(memory, base, rva) is False
    return False
