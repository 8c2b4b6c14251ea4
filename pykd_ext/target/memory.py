"""Typed reads over a target: pages are cached until the target runs, strings and lists are bounded.

The unit of reading is the 4 KiB page, because a page is what is present or paged out as a whole. At
the stops of a target that runs it is what is asked for, as nothing can be kept until the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from .architecture import ARCHITECTURES
from .errors import MemoryUnreadable
from .fields import unsigned

if TYPE_CHECKING:
    from .protocol import Readable

PAGE = 0x1000

_MOST_PAGES = 0x4000  # kept: 64 MiB. Page tables may map one page a million times.


class UnicodeString(NamedTuple):
    """A UNICODE_STRING: lengths in bytes, as the target holds them, hostile or not."""

    length: int
    maximum_length: int
    buffer: int


class Memory:
    """Typed reads of one target, little-endian. Every method raises MemoryUnreadable.

    ``missed`` are the pages that were asked for and could not be read, in that order: who answers a
    question without them has to say so, and clears it before.
    """

    def __init__(self, target: Readable, whole_pages: bool = True) -> None:
        """Without ``whole_pages`` each read is the target's: a small dump holds parts of pages."""
        self._target = target
        self.whole_pages = whole_pages
        self._pages: dict[int, bytes | None] = {}
        self.missed: dict[int, None] = {}
        self.architecture = ARCHITECTURES[target.architecture]
        self.pointer_size = self.architecture.pointer_size

    def is_user(self, address: int) -> bool:
        """Whether ``address`` lies in user space."""
        return address < self.architecture.user_end

    def is_kernel(self, address: int) -> bool:
        """Whether ``address`` lies in the system's space."""
        return address >= self.architecture.kernel_start

    @contextmanager
    def of_running_target(self) -> Iterator[None]:
        """While the target goes on and stops, each read is its own, and nothing is kept behind."""
        self.invalidate()
        self.whole_pages = False
        try:
            yield
        finally:
            self.invalidate()
            self.whole_pages = True

    def invalidate(self) -> None:
        """Forget every page: the target ran."""
        self._pages.clear()

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes at ``address``, through the page cache."""
        try:
            return self._read(address, size)
        except MemoryUnreadable as error:
            self.missed[error.address & ~(PAGE - 1)] = None
            raise

    def read_once(self, address: int, size: int) -> bytes:
        """The same past the cache: for much that nobody asks for again."""
        try:
            return self._target.read(address, size)
        except MemoryUnreadable as error:
            self.missed[error.address & ~(PAGE - 1)] = None
            raise

    def is_there(self, address: int) -> bool:
        """Whether the byte at ``address`` can be read: for who looks how far something goes, and
        misses nothing where it ends."""
        try:
            self._read(address, 1)
        except MemoryUnreadable:
            return False
        return True

    def _read(self, address: int, size: int) -> bytes:
        if not self.whole_pages:
            return self._target.read(address, size)
        first = address & ~(PAGE - 1)
        last = (address + max(size, 1) - 1) & ~(PAGE - 1)
        if first == last:
            offset = address - first
            return self._page(first)[offset : offset + size]
        data = b"".join(self._page(page) for page in range(first, last + PAGE, PAGE))
        return data[address - first : address - first + size]

    def _page(self, page: int) -> bytes:
        if page not in self._pages:
            if len(self._pages) >= _MOST_PAGES:
                del self._pages[next(iter(self._pages))]  # the oldest
            try:
                self._pages[page] = self._target.read(page, PAGE)
            except MemoryUnreadable:
                self._pages[page] = None
        data = self._pages[page]
        if data is None:
            raise MemoryUnreadable(page, PAGE)
        return data

    def unsigned(self, address: int, size: int) -> int:
        return unsigned(self.read(address, size))

    def u16(self, address: int) -> int:
        return self.unsigned(address, 2)

    def u32(self, address: int) -> int:
        return self.unsigned(address, 4)

    def u64(self, address: int) -> int:
        return self.unsigned(address, 8)

    def pointer(self, address: int) -> int:
        return self.unsigned(address, self.pointer_size)

    def unicode_string(self, address: int) -> UnicodeString:
        """The UNICODE_STRING structure at ``address``, its text not read."""
        raw = self.read(address, 2 * self.pointer_size)
        return self.parse_unicode_string(raw)

    def parse_unicode_string(self, raw: bytes) -> UnicodeString:
        """The same, from the ``2 * pointer_size`` bytes of the structure."""
        size = self.pointer_size
        return UnicodeString(
            unsigned(raw, 0, 2),
            unsigned(raw, 2, 2),
            unsigned(raw, size, size),
        )

    def text(self, string: UnicodeString, limit: int = 0x10000) -> str:
        """At most ``limit`` bytes of it, an odd last byte dropped, lone surrogates kept."""
        size = min(string.length, limit) & ~1
        if not size:
            return ""
        return self.read(string.buffer, size).decode("utf-16-le", "surrogatepass")

    def list_entries(self, head: int, limit: int, backward: bool = False) -> Iterator[int]:
        """The LIST_ENTRYs after ``head`` (before it, for ``backward``), each VA once.

        Stops silently at the head, at an entry already seen and after ``limit`` entries; raises
        MemoryUnreadable for the first link that cannot be read. For lists that are only used, not
        judged; the callback list has its own walk that says where and why it ended.
        """
        step = self.pointer_size if backward else 0
        seen = {head}
        entry = self.pointer(head + step)
        while entry not in seen and len(seen) <= limit:
            seen.add(entry)
            yield entry
            entry = self.pointer(entry + step)
