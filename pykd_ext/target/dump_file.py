"""The file of a kernel crash dump: its header, and where each physical page lies in it.

kdmp-parser was weighed for this and is our oracle in the tests instead: it reads x64 alone, has no
wheel for macOS or ARM64, gives up on a truncated file, and keeps a hash-table node for every page
(200 MB for a 16 GB dump). Two dictionaries of offsets and a binary search serve every architecture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .architecture import ARCHITECTURES
from .dump_bitmap import Bitmap
from .dump_header import (
    COMPLETE_RANGES,
    KERNEL,
    TRIAGE,
    WITH_RANGES,
    WITH_RUNS,
    HeaderLayout,
    header_layout,
    read_header,
    read_runs,
)
from .errors import MemoryUnreadable, TargetError
from .fields import unsigned
from .file_bytes import map_file
from .physical import Pages, Runs, StoredMemory, without_overlaps

if TYPE_CHECKING:
    from .protocol import FileBytes
    from .small_dump import Blocks, SmallDump

__all__ = ["DumpFile"]


class DumpFile(StoredMemory):
    """A dump's file. ``problems`` holds a line for each thing wrong with the file,
    ``small`` what a small dump has in place of pages, None for any other."""

    what = "dump"

    def __init__(self, path: str, data: FileBytes | None = None) -> None:
        """``data``: the file, where it is open already. Raises TargetError when it is no kernel
        dump with memory in it, and says why."""
        super().__init__(data or map_file(path))
        self._layout = layout = header_layout(self._data, self.path)
        self.header = read_header(self._data, layout, self.path)
        self.small: SmallDump | None = None
        self._blocks: Blocks | None = None
        if self.header.dump_type == TRIAGE:
            self._read_small(layout)
        else:
            self._lay_out(self._read_pages(layout))

    def context(self) -> bytes:
        """The room of the header's CONTEXT, the registers at the time of the crash."""
        return self._data[self._layout.context : self._layout.context + self._layout.context_size]

    def exception(self) -> tuple[int, int]:
        """ExceptionCode and the VA of ExceptionAddress in the header's EXCEPTION_RECORD."""
        start, word = self._layout.exception, self._layout.word
        address = start + 8 + word
        return (
            unsigned(self._data, start, 4),
            unsigned(self._data, address, word),
        )

    def virtual(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at a VA of a small dump; raises MemoryUnreadable."""
        if self._blocks is None:
            raise MemoryUnreadable(address, size)
        return self._blocks.read(address, size)

    def _read_pages(self, layout: HeaderLayout) -> Pages:
        if self.header.dump_type in WITH_RUNS:
            return self._runs(read_runs(self._data, layout, self.path))
        if self.header.dump_type in WITH_RANGES:
            from .dump_ranges import read_ranges  # noqa: PLC0415 - few dumps are of these types

            is_complete = self.header.dump_type == COMPLETE_RANGES
            return self._runs(read_ranges(self._data, layout.header_size, is_complete, self.path))
        is_old = self.header.dump_type == KERNEL
        return Bitmap(self._data, layout.header_size, is_old, self.path)

    def _runs(self, runs: list[tuple[int, int, int]]) -> Runs:
        kept = without_overlaps(runs)
        twice = sum(run[1] for run in runs) - sum(run[1] for run in kept)
        if twice:
            self.problems.append(
                f"{twice:#x} pages are in the dump twice, by its own runs: the lower run's are read"
            )
        return Runs(kept)

    def _read_small(self, layout: HeaderLayout) -> None:
        data = self.header.debugger_data
        from .small_dump import read_small_dump  # noqa: PLC0415 - 3 ms, seldom needed

        self.small, self._blocks = read_small_dump(
            self._data,
            layout.header_size,
            ARCHITECTURES[self.header.architecture],
            data,
            self.problems,
        )
        if not self.small.loaded and not self.small.memory:
            raise TargetError(
                f"{self.path}: nothing of this small memory dump can be read: "
                f"{'; '.join(self.problems)}"
            )
