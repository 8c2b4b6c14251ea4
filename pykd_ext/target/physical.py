"""Physical memory in a file: where each page lies, and what the file says of the machine.

What a file of physical memory is to the rest of this room: a crash dump (:mod:`.dump_file`), or a
container of :mod:`.containers`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Callable, NamedTuple

from .fields import unsigned
from .memory import PAGE
from .needles import places

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = [
    "PAGE",
    "Hints",
    "Pages",
    "Progress",
    "Runs",
    "StoredMemory",
    "silent",
    "without_overlaps",
]

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


def silent(done: int, total: int) -> None:
    """The progress that nobody sees."""


class Hints(NamedTuple):
    """What a container says of its machine, beside its memory: the top page tables of its
    processors (CR3), VAs of code they were in, VAs of their interrupt tables. ``is_frozen``: the
    machine stood still while it was taken."""

    directory_tables: tuple[int, ...] = ()
    code: tuple[int, ...] = ()
    interrupt_tables: tuple[int, ...] = ()
    is_frozen: bool = False


class Pages:
    """Physical page numbers to file offsets; a small dump has none."""

    start: int = 0  # the file offset of the first page
    end: int = 0  # and behind the last

    def offset(self, frame: int) -> int | None:  # noqa: ARG002 - there are no pages
        """Where the page ``frame`` lies, None when the dump has not got it."""
        return None

    def address(self, offset: int) -> int | None:  # noqa: ARG002
        """The physical address of the byte at a file offset from ``start`` to ``end``; None for
        one that is the container's own."""
        return None

    @property
    def top(self) -> int:
        """Behind the highest page."""
        return 0

    is_in_step: bool = True  # all pages lie a multiple of their size behind ``start``

    def together(self, frame: int) -> int:  # noqa: ARG002 - the least that is true
        """How many pages from ``frame`` on, which is there, lie one behind the other."""
        return 1


class Runs(Pages):
    """Runs of consecutive pages: the first one's number, how many, the file offset of the first."""

    def __init__(self, runs: Sequence[tuple[int, int, int]]) -> None:
        self._runs = sorted(runs)
        self._starts = [base for base, _, _ in self._runs]
        self._in_file = sorted((offset, base, count) for base, count, offset in runs)
        self.start = self._in_file[0][0]
        self.end = max(offset + count * PAGE for _, count, offset in runs)
        self.is_in_step = all((offset - self.start) % PAGE == 0 for _, _, offset in runs)

    def address(self, offset: int) -> int | None:
        index = bisect_right(self._in_file, (offset, 1 << 64)) - 1
        start, base, count = self._in_file[index]
        return base * PAGE + offset - start if offset < start + count * PAGE else None

    def offset(self, frame: int) -> int | None:
        index = bisect_right(self._starts, frame) - 1
        if index < 0:
            return None
        base, count, offset = self._runs[index]
        return offset + (frame - base) * PAGE if frame < base + count else None

    @property
    def top(self) -> int:
        base, count, _ = self._runs[-1]
        return base + count

    def together(self, frame: int) -> int:
        base, count, _ = self._runs[bisect_right(self._starts, frame) - 1]
        return base + count - frame


def without_overlaps(runs: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The runs (first page, how many, file offset), ascending; a page that two of them have is the
    first one's."""
    found: list[tuple[int, int, int]] = []
    end = 0
    for base, count, offset in sorted(runs):
        skipped = max(end - base, 0)
        if count > skipped:
            found.append((base + skipped, count - skipped, offset + skipped * PAGE))
            end = base + count
    return found


class StoredMemory:
    """Fulfils :class:`.protocol.PhysicalMemory` for a file whose pages lie in it as they are."""

    what = "image"  # in a sentence about it

    def __init__(self, data: FileBytes, pages: Pages | None = None) -> None:
        """Where ``pages`` come later, :meth:`_lay_out` takes them."""
        self.path = data.path
        self.problems: list[str] = []
        self._data = data
        self._pages = Pages()
        if pages is not None:
            self._lay_out(pages)

    def _lay_out(self, pages: Pages) -> None:
        self._pages = pages
        if len(self._data) < pages.end:
            self.problems.append(
                f"the {self.what} is truncated: {len(self._data):#x} of {pages.end:#x} bytes are "
                "there, what lies beyond reads as not present"
            )

    @property
    def top(self) -> int:
        return self._pages.top

    def close(self) -> None:
        self._data.close()

    def page(self, frame: int) -> bytes | None:
        offset = self._pages.offset(frame)
        if offset is None:
            return None
        data = self._data[offset : offset + PAGE]
        return data if len(data) == PAGE else None

    def find(
        self, needle: bytes, progress: Progress = silent, step: int = 1, first: int = 0
    ) -> Iterator[int]:
        in_file = (step, first) if self._pages.is_in_step else (1, 0)
        start, end = self._pages.start, min(self._pages.end, len(self._data))
        chunk_start = start
        for chunk in self._data.chunks(start, end):
            for at in places(chunk, needle, *in_file):
                address = self._pages.address(chunk_start + at)
                if address is not None and address % step == first:
                    yield address
            chunk_start += len(chunk)
            progress(chunk_start - start, end - start)

    def word(self, address: int, size: int) -> int | None:
        offset = self._pages.offset(address >> 12)
        if offset is None:
            return None
        offset += address & (PAGE - 1)
        data = self._data[offset : offset + size]
        return unsigned(data) if len(data) == size else None

    def pages(self, frame: int, most: int) -> bytes:
        offset = self._pages.offset(frame)
        if offset is None:
            return b""
        count = min(most, self._pages.together(frame), (len(self._data) - offset) // PAGE)
        return self._data.stretch(offset, offset + count * PAGE)
