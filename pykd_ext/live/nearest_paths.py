"""Which paths came nearest to a pattern that nothing has fitted: perhaps it is spelled wrongly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable

from .globs import KeyGlob
from .key_paths import kernel_form

__all__ = ["NearestPaths"]

_A_WHILE = 1000  # operations
_MOST_KEPT = 64
_MOST_SAID = 3


class NearestPaths:
    """Sees every path that the globs are held against. If none has fitted, ``say`` hears once,
    after a while or at the end, which paths were nearest, the nearest first."""

    def __init__(self, globs: Iterable[KeyGlob], say: Callable[[list[str]], None]) -> None:
        self._globs = tuple(globs)
        self._say = say
        self._nearest: dict[str, tuple[int, str]] = {}  # by how the kernel compares it
        self._count = 0
        self._is_done = not self._globs

    def see(self, paths: Iterable[str]) -> None:
        """The paths of one operation."""
        if self._is_done:
            return
        self._count += 1
        for path in paths:
            if any(glob.matches(path) for glob in self._globs):
                self._is_done = True
                return
            self._keep(path)
        if self._count == _A_WHILE:
            self.end()

    def end(self) -> None:
        """Says it, unless it was said or something has fitted."""
        if not self._is_done and self._nearest:
            self._is_done = True
            found = sorted(self._nearest.values(), key=lambda each: (-each[0], each[1]))
            self._say([path for _, path in found[:_MOST_SAID]])

    def _keep(self, path: str) -> None:
        form = kernel_form(path)
        if form in self._nearest:
            return
        if len(self._nearest) >= _MOST_KEPT:
            farthest = min(self._nearest, key=lambda each: self._nearest[each][0])
            if self._agreement(path) <= self._nearest[farthest][0]:
                return
            del self._nearest[farthest]
        self._nearest[form] = (self._agreement(path), path)

    def _agreement(self, path: str) -> int:
        return max(glob.agreement(path) for glob in self._globs)
