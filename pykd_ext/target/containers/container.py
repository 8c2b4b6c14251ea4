"""What a container gives: its pages, and what it says of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import TargetError
from ..physical import PAGE, Hints, Runs, StoredMemory, without_overlaps

if TYPE_CHECKING:
    from ..protocol import FileBytes

__all__ = ["StoredContainer", "damaged"]


class StoredContainer(StoredMemory):
    """Fulfils :class:`..protocol.Container` for pages that lie in the file as they are."""

    def __init__(
        self,
        kind: str,
        data: FileBytes,
        runs: Sequence[tuple[int, int, int]],
        hints: Hints = Hints(),  # noqa: B008 - nobody changes it
    ) -> None:
        """``runs``: first page, how many, file offset. Raises TargetError without any."""
        kept = without_overlaps([run for run in runs if run[1] > 0])
        if not kept:
            raise TargetError(f"{data.path}: this {kind} has no memory in it")
        super().__init__(data, Runs(kept))
        held = [(base, min(count, (len(data) - at) // PAGE)) for base, count, at in kept]
        self.runs: Sequence[tuple[int, int]] = [run for run in held if run[1] > 0]
        self.kind = kind
        self.hints = hints


def damaged(path: str, kind: str, what: str) -> TargetError:
    """The error for a container whose own words do not hold."""
    return TargetError(f"{path}: this {kind} is damaged: {what}")
