"""Breakpoints that never outlive what they were set for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..target.live import Breakpoint, LiveTarget, OnHit

__all__ = ["Breakpoints"]


class Breakpoints:
    """Those that one command sets. All are gone when the block is left, however it is left."""

    def __init__(self, target: LiveTarget) -> None:
        self._target = target
        self._set: dict[int, Breakpoint] = {}

    def __enter__(self) -> Breakpoints:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._set.values():
            each.remove()
        self._set.clear()

    def add(self, address: int, on_hit: OnHit) -> None:
        """One at the VA ``address``, unless there is one of ours; raises TargetError."""
        if address not in self._set:
            self._set[address] = self._target.break_at(address, on_hit)

    def drop(self, address: int) -> None:
        """Takes out the one at ``address``; not while a breakpoint is being hit."""
        found = self._set.pop(address, None)
        if found is not None:
            found.remove()
