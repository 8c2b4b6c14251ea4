"""Which callback a block is, while callbacks come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.layouts import BLOCKS
from ..kernel.listing import Listing, RegistryCallback, note_unread, read_listing
from ..target.errors import MemoryUnreadable, RegcbError
from ..target.fields import unsigned

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["CallbackNames"]

_KEPT = 1024  # callbacks, of which most are unregistered by then


class CallbackNames:
    """The callbacks of a running target by their blocks' addresses.

    The list is read again only when CmpCallbackCookie, which every registration raises, says so:
    memory that a block has left may be another's by then.
    """

    def __init__(self, target: Target) -> None:
        """Raises TargetError when there is no list that can be read."""
        self._target = target
        self._unknown: set[int] = set()
        self.listing: Listing = read_listing(target)
        self._cookie = self.listing.callbacks.cookie_at
        self._last = self._last_cookie()
        note_unread(target, self.listing)
        self._entries = self._by_address()

    def refresh(self) -> None:
        """Reads the list again where something was registered since."""
        last = self._last_cookie()
        if last != self._last:
            self._last = last
            self._unknown.clear()
            self._read()

    def know(self, block: int) -> None:
        """Reads the list again where there is another callback at ``block``, which is being
        called, than was: a read."""
        self._link_before(block)

    def is_called_first(self, block: int) -> bool:
        """Whether no callback is asked before ``block``, which is being called: that read again."""
        link = self._link_before(block)
        if link is None:
            self.refresh()
            return self._is_first_listed(block)
        is_first = link == self.listing.callbacks.head
        if is_first != self._is_first_listed(block):
            self._read()  # one has come or gone, or the block lies
        is_listed = any(each.block.address == block for each in self.listing.entries)
        return self._is_first_listed(block) if is_listed else is_first

    def _is_first_listed(self, block: int) -> bool:
        return [each.block.address for each in self.listing.entries[:1]] == [block]

    def _link_before(self, block: int) -> int | None:
        """A block's Blink; None where it cannot be read. 7 unlinks a callback that may be called
        yet, and leaves it that."""
        layout, size = BLOCKS.layout(self._target), self._target.memory.pointer_size
        try:
            raw = self._target.read(block, layout.size)
        except MemoryUnreadable:
            return None
        known = self._entries.get(block)
        if known is None or known.block.cookie != unsigned(raw, layout.cookie, 8):
            self._read()
        return unsigned(raw, layout.link + size, size)

    def entry(self, block: int) -> RegistryCallback | None:
        """The callback at ``block``, also one that was unregistered since; None for none."""
        if block not in self._entries and block not in self._unknown:
            self._read()
            if block not in self._entries and self._last is not None:
                if len(self._unknown) >= _KEPT:
                    self._unknown.clear()
                self._unknown.add(block)  # until something is registered
        return self._entries.get(block)

    def by_cookie(self, cookie: int) -> RegistryCallback | None:
        """The callback that was given ``cookie``, also one that was unregistered since."""
        found = self._with_cookie(cookie)
        if found is None:
            self._read()
        return found or self._with_cookie(cookie)

    def _with_cookie(self, cookie: int) -> RegistryCallback | None:
        entries = self._entries.values()
        return next((each for each in entries if each.block.cookie == cookie), None)

    def _read(self) -> None:
        try:
            self.listing = read_listing(self._target)
        except RegcbError:
            return  # it was there before: what is known of it is still the best
        note_unread(self._target, self.listing)
        for address, entry in self._by_address().items():
            self._entries.pop(address, None)
            self._entries[address] = entry  # the longest unseen come first
        for address in list(self._entries)[: -max(_KEPT, len(self.listing.entries))]:
            del self._entries[address]

    def _by_address(self) -> dict[int, RegistryCallback]:
        return {each.block.address: each for each in self.listing.entries}

    def _last_cookie(self) -> int | None:
        if self._cookie is None:
            return None
        try:
            return unsigned(self._target.read(self._cookie, 8))
        except MemoryUnreadable:
            return None
