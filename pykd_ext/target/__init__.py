"""The machine being debugged, behind one small protocol.

Four adapters fulfil :class:`.protocol.Target`: :mod:`.pykd_session` (WinDbg, cdb, kd, and pykd
standalone), :mod:`.ntoseye_session` (a kernel, from Linux and macOS), :mod:`.crash_dump` and
:mod:`.memory_image` (no debugger at all);
:func:`.opening.open_target` chooses.
The rooms to the right do not see which one it is: they have the protocol, and what reads the
memory of any target (typed memory, images, lists of modules).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .protocol import Target as Target

__all__ = ["BugCheck", "Module", "Symbol"]


class Symbol(NamedTuple):
    """``module!name+displacement``; the displacement is in bytes and never negative."""

    module: str
    name: str
    displacement: int

    def __str__(self) -> str:
        name = f"{self.module}!{self.name}"
        return f"{name}+{self.displacement:#x}" if self.displacement else name


class BugCheck(NamedTuple):
    """What KeBugCheckEx was told: the code and its four parameters, unsigned."""

    code: int
    parameters: tuple[int, ...]


class Module(NamedTuple):
    """One image, as the target's own symbol engine knows it (``nt``, ``netmon``; no extension)."""

    name: str
    base: int
    size: int
