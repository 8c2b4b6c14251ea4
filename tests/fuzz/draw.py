"""What a fuzzer's input means: numbers and choices, drawn one after the other.

Inputs that are kept mean something else where this changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Draw"]

_T = TypeVar("_T")
_EDGES = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, (1 << 63) - 1, (1 << 64) - 1)
# What a terminal, a spreadsheet, WinDbg and a browser would obey; four characters of UTF-16.
_TEXTS = tuple(
    int.from_bytes(each.encode("utf-16-le", "surrogatepass"), "little")
    for each in ("=1+1", "@A1+", "\x1b[2J", "<b>&", '">;a', "\u202eab\n", "\ud800a\0\r", "a;.e")
)


class Draw:
    """Reads ``data``; behind its end all is 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_left(self) -> bool:
        return self._at < len(self._data)

    def number(self, size: int = 1) -> int:
        """``size`` bytes of it."""
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "little")

    def choice(self, among: Sequence[_T]) -> _T:
        """One of up to 65,536."""
        return among[self.number(1 if len(among) <= 0x100 else 2) % len(among)]

    def rest(self) -> bytes:
        """All that is left."""
        rest, self._at = self._data[self._at :], len(self._data)
        return rest

    def word(self, known: Sequence[int]) -> int:
        """A number as files hold them: any, a small one, one at an edge, a piece of text, near one
        of ``known``."""
        kind = self.number() % 7
        if kind == 0:
            return self.number(8)
        if kind == 1:
            return self.number()
        if kind == 2:
            return self.choice(_EDGES)
        if kind == 6:
            return self.choice(_TEXTS)
        if kind == 3 or not known:
            return self.number(4)
        return self.choice(known) + 8 * (self.number() - 0x80 if kind == 4 else 0)
