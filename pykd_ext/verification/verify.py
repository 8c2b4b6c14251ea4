"""Runs the experiments one after the other, and joins what they gave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, TypeVar

from ..kernel.callbacks import keeps_vector, read_callbacks
from ..kernel.code import disassemble
from ..kernel.layout_file import use_layout_file
from ..kernel.layouts import BLOCKS, VECTORS
from ..target.errors import RegcbError, TargetError
from .compare import block_rows, dispatch_rows, list_rows, seen_layout
from .dispatch import Dispatch, drive
from .fields import read_fields
from .kernel_source import KernelSource
from .outcome import HaltedAt, Row, Verification
from .registrations import register_all
from .room import Room, Stopped
from .room_target import RoomTarget
from .stand_ins import Pool, stand_in_for_windows
from .start import start_list
from .vector import register_in_vector, vector_rows

if TYPE_CHECKING:
    from ..target import Target
    from ..target.symbol_path import SymbolPath

__all__ = ["verify"]

_NAMED = 8  # absent pages
_Result = TypeVar("_Result")


def verify(
    source: KernelSource,
    symbol_path: SymbolPath | None,
    running: Target | None = None,
    layout: Path | None = None,
) -> Verification:
    """What ``source``'s own code does, against the tables.

    ``running``: the target whose kernel it is, where it has started long ago. ``layout``: a file of
    an earlier verification, whose layout is held against it in place of the table's row. Raises
    TargetError for what is no kernel, LayoutFileError.
    """
    verifier = _Verifier(source, symbol_path, running)
    if layout is not None:
        use_layout_file(verifier.target, layout)
    return verifier.run()


class _Verifier:
    """One kernel in its room."""

    def __init__(
        self, source: KernelSource, symbol_path: SymbolPath | None, running: Target | None
    ) -> None:
        self._room = Room(source)
        self.target = self._target = RoomTarget(self._room, symbol_path)
        self._running = running
        self._rows: list[Row] = []
        self._halted: list[HaltedAt] = []
        self._layout: dict[str, int | None] | None = None
        self._unseen: tuple[str, ...] = ()

    def run(self) -> Verification:
        pool = stand_in_for_windows(self._room, self._target)
        is_vector = keeps_vector(self._target)
        self._attempt("registering", self._vector if is_vector else self._list, pool)
        problems = [*self._target.symbol_problems(), *getattr(self._room.source, "problems", [])]
        problems += self._absent()
        return Verification(
            self._target.path or "", self._target.architecture, self._target.build,
            self._target.nt_base, "vector" if is_vector else "list", tuple(self._rows),
            self._layout, self._unseen, tuple(self._halted), tuple(problems),
        )  # fmt: skip

    def _absent(self) -> list[str]:
        """A line that names pages which are not there."""
        pages = [f"{page:#x}" for page in self._room.absent]
        if not pages:
            return []
        named, more = ", ".join(pages[:_NAMED]), len(pages) - _NAMED
        return [
            f"absent pages of the kernel that were asked for: {named}"
            + (f" and {more} more" if more > 0 else "")
            + "; an image of it on the symbol path (-y) fills them in"
        ]

    def _attempt(self, doing: str, work: Callable[[Pool], _Result], pool: Pool) -> _Result | None:
        """What ``work`` gives; where the code stops, that is noted."""
        try:
            return work(pool)
        except Stopped as error:
            self._halted.append(
                HaltedAt(doing, error.address, self._text(error.address), error.why)
            )
        except RegcbError as error:
            self._halted.append(HaltedAt(doing, None, None, str(error)))
        return None

    def _text(self, address: int) -> str | None:
        self._target.memory.invalidate()
        try:
            found = disassemble(self._target, address, 1)
        except RegcbError:
            return None
        return found[0].text if found else None

    def _list(self, pool: Pool) -> None:
        target = self._target
        if self._running is None:
            start_list(target)
        else:
            head = _head(self._running)
            self._room.write_pointers(head, head, head)  # the callbacks of the target are not ours
        registered = register_all(target, pool)
        table = BLOCKS.layout(target)
        fields = read_fields(target, pool, registered)
        self._rows += block_rows(table, registered, fields)
        self._rows += list_rows(target, pool, table, registered, self._running is None)

        def dispatch(_: Pool) -> Dispatch:
            return drive(target, registered, fields.free)

        driven = self._attempt("calling the callbacks", dispatch, pool)
        if driven is not None:
            self._rows += dispatch_rows(table, driven)
        self._layout, self._unseen = seen_layout(table, registered, fields, driven)

    def _vector(self, pool: Pool) -> None:
        target = self._target
        table = VECTORS.layout(target)
        if self._running is not None:
            head = _head(self._running)
            self._room.write_pointers(head, *[0] * table.slots)
        vector = register_in_vector(target, pool)
        self._rows += vector_rows(target, table, vector)
        self._layout = dict(table._asdict())


def _head(target: Target) -> int:
    """Of the list or the vector that the target itself has; raises TargetError."""
    head = read_callbacks(target, 1).head
    if head is None:
        raise TargetError("a small memory dump has no callback list: name the kernel's file")
    return head
