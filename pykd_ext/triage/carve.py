"""Callback blocks that no list leads to: found by their pool tag, by threads, by object contexts.

A block that was taken out of the list stays in its pool until its driver unregisters it. Its tag is
`CMcb`, an object context's `CMcc`, each right behind the first word of a POOL_HEADER (SOURCES 1.5).
A freed block keeps its bytes for a while. Whether one is free, its header says up to build 18362;
from 19041 on the segment heap keeps that elsewhere, and only a thread that is in the callback, or
an object context that still hangs from its key, shows that it lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.builds import V2004
from ..kernel.callback_block import CallbackBlock
from ..kernel.callback_list import read_block
from ..kernel.layouts import BLOCKS, context_layout
from ..kernel.listing import Listing
from ..kernel.threads import active_callbacks
from ..target.errors import MemoryUnreadable, TargetError
from ..target.fields import unsigned

if TYPE_CHECKING:
    from ..target import Target
    from ..target.physical import Progress
    from ..target.protocol import PhysicalMemory

__all__ = ["Carved", "Carving", "carve"]

_BLOCK_TAG, _CONTEXT_TAG = b"CMcb", b"CMcc"
_LONGEST_ALTITUDE = 0x80  # bytes
_REGISTRATIONS = 1_000_000  # since boot
_MOST = 1_000  # blocks that are looked at as a whole
_MOST_TAGS = 100_000  # pool headers that are kept, of either tag
_SEGMENT_HEAP = V2004  # from this build on a POOL_HEADER's PoolType does not tell (SOURCES 7.2)


class Carved(NamedTuple):
    """One block that the list does not lead to. ``callback.found_by`` is ``carved``, ``thread`` or
    ``object-context``; ``state`` is ``live`` (something still points to it), else by its pool
    header ``allocated``, ``freed`` or ``unknown``."""

    callback: CallbackBlock
    state: str


class Carving(NamedTuple):
    """What was found, and what could not be looked at."""

    blocks: tuple[Carved, ...]
    problems: tuple[str, ...]


def carve(target: Target, listing: Listing, progress: Progress) -> Carving:
    """The blocks that ``listing`` has not got.

    Of a dump or an image of memory all pages are searched, ``progress`` is told the bytes so far
    and in all; of a live target the threads alone, since its memory cannot be searched from here.
    """
    if listing.callbacks.is_vector:
        return Carving((), ("XP keeps its callbacks in a vector: nothing is unlinked from it",))
    problems: list[str] = []
    search = _Search(target, listing)
    search.add("thread", (each.block for each in active_callbacks(target, problems)))
    try:
        physical = target.physical_memory()
    except TargetError as error:
        problems.append(str(error))
    else:
        if physical is None:
            problems.append("the pool of a live target is not searched: !poolfind CMcb 1 does it")
        else:
            _search_pages(search, physical, progress, problems)
    return Carving(tuple(search.found.values()), tuple(problems))


def callback_at(target: Target, listing: Listing, address: int) -> CallbackBlock | None:
    """The block at the VA ``address`` that ``listing`` has not got; None where there is none."""
    if listing.callbacks.is_vector:
        return None
    search = _Search(target, listing)
    search.add("address", [address])
    return search.found[address].callback if address in search.found else None


def _search_pages(
    search: _Search, physical: PhysicalMemory, progress: Progress, problems: list[str]
) -> None:
    blocks, contexts, passed_over = _tagged(physical, search.header, progress)
    search.add("object-context", filter(None, map(search.block_of_context, contexts)))
    search.add("carved", filter(None, map(search.address_of_block, blocks)))
    if passed_over:
        problems.append(
            f"{passed_over} more pool tags were not looked at, {_MOST_TAGS} of each were"
        )
    if search.unplaced:
        problems.append(
            f"{search.unplaced} more blocks look like callbacks in physical memory, and no virtual "
            "address is known for them: freed, or not the kernel's"
        )
    if search.skipped:
        problems.append(f"{search.skipped} more blocks were not looked at, {_MOST} were")


def _tagged(
    physical: PhysicalMemory, header: int, progress: Progress
) -> tuple[list[bytes], list[bytes], int]:
    """The bytes from the pool headers with either tag on to 0x60 behind them, of blocks and of
    object contexts, and how many there were beyond ``_MOST_TAGS`` of each."""
    passed_over = 0
    found: dict[bytes, list[bytes]] = {_BLOCK_TAG: [], _CONTEXT_TAG: []}
    for address in physical.find(_BLOCK_TAG[:3], progress, step=header, first=4):
        place = address - 4
        page = physical.page(place >> 12) or b""
        raw = page[place & 0xFFF :][: header + 0x60]
        tag = raw[4:8]
        if tag not in found:
            continue
        if len(found[tag]) < _MOST_TAGS:
            found[tag].append(raw)
        else:
            passed_over += 1
    return found[_BLOCK_TAG], found[_CONTEXT_TAG], passed_over


class _Search:
    """Collects blocks, each once, the best witness first."""

    def __init__(self, target: Target, listing: Listing) -> None:
        self.found: dict[int, Carved] = {}
        self.unplaced = 0
        self.skipped = 0
        self.header = 2 * target.memory.pointer_size  # sizeof(POOL_HEADER)
        self._build = target.build
        self._memory = target.memory
        self._layout = BLOCKS.layout(target)
        self._known = {each.address for each in listing.callbacks.callbacks}
        self._last_cookie = listing.callbacks.last_cookie

    def add(self, found_by: str, addresses: Iterable[int]) -> None:
        """Reads the blocks at these VAs, but for those that are known."""
        for address in addresses:
            if address in self._known or address in self.found:
                continue
            if len(self.found) >= _MOST:
                self.skipped += 1
                continue
            try:
                raw = self._memory.read(address, self._layout.size)
            except MemoryUnreadable:
                continue
            if self._is_block(raw):
                callback = read_block(self._memory, self._layout, address)
                state = self._state(address) if found_by == "carved" else "live"
                self.found[address] = Carved(callback._replace(found_by=found_by), state)

    def block_of_context(self, raw: bytes) -> int | None:
        """The callback block that an object context names which is still on its key's list."""
        layout, size = context_layout(self._memory.pointer_size), self._memory.pointer_size
        content = raw[self.header : self.header + layout.size]
        try:
            following = self._pointer(content, layout.key_link)
            address = self._memory.pointer(following + size) - layout.key_link
            linked = self._memory.read(address, layout.size) == content
        except MemoryUnreadable:
            return None
        return self._pointer(content, layout.block) if linked else None

    def address_of_block(self, raw: bytes) -> int | None:
        """The VA of a block that was found by its bytes; None when none leads back to it."""
        content = raw[self.header : self.header + self._layout.size]
        if len(content) < self._layout.size or not self._is_block(content):
            return None
        for address in self._claims(content):
            try:
                if self._memory.read(address, len(content)) == content:
                    return address
            except MemoryUnreadable:
                continue
        self.unplaced += 1
        return None

    def _claims(self, content: bytes) -> Iterator[int]:
        """VAs that the block may have: an empty list of contexts points to itself, its first
        context names it, and so do the entries that it was, or is, linked to."""
        size, layout = self._memory.pointer_size, self._layout
        contexts = self._pointer(content, layout.object_contexts)
        yield contexts - layout.object_contexts
        context = context_layout(size)
        places = (
            contexts - context.link + context.block,
            self._pointer(content, layout.link) + size,
            self._pointer(content, layout.link + size),
        )
        for place in places:
            try:
                yield self._memory.pointer(place)
            except MemoryUnreadable:
                continue

    def _is_block(self, content: bytes) -> bool:
        layout, size = self._layout, self._memory.pointer_size
        string = self._memory.parse_unicode_string(content[layout.altitude :])
        function = self._pointer(content, layout.function)
        pointers = [
            self._pointer(content, offset)
            for head in (layout.link, layout.object_contexts)
            for offset in (head, head + size)
        ]
        return (
            all(self._memory.is_kernel(each) and each % size == 0 for each in pointers)
            and (function == 0 or self._memory.is_kernel(function))
            and self._memory.is_kernel(string.buffer)
            and 0 < string.length <= min(string.maximum_length, _LONGEST_ALTITUDE)
            and self._is_cookie(content[layout.cookie : layout.cookie + 8])
        )

    def _is_cookie(self, raw: bytes) -> bool:
        cookie = unsigned(raw)
        if self._last_cookie is None:
            return cookie != 0
        return abs(cookie - self._last_cookie) < _REGISTRATIONS

    def _state(self, address: int) -> str:
        """By PoolType: 0 in a free block's header (SOURCES 7.2)."""
        try:
            raw = self._memory.read(address - self.header, self.header)
        except MemoryUnreadable:
            return "unknown"
        if raw[4:8] != _BLOCK_TAG or self._build >= _SEGMENT_HEAP:
            return "unknown"
        in_use = raw[3] if self.header == 16 else raw[3] >> 1
        return "allocated" if in_use else "freed"

    def _pointer(self, content: bytes, offset: int) -> int:
        return unsigned(content, offset, self._memory.pointer_size)
