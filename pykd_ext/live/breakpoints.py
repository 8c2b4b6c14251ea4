"""Breakpoints that never outlive what they were set for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..target.architecture import ARCHITECTURES
from .control_flow import instruction_at
from .emulation import Emulation, emulation

if TYPE_CHECKING:
    from ..target.live import Breakpoint, LiveTarget, OnHit

__all__ = ["Breakpoints", "can_stay"]


class Breakpoints:
    """Those that one command sets. All are gone when the block is left, however it is left."""

    def __init__(self, target: LiveTarget) -> None:
        self._target = target
        self._set: dict[int, Breakpoint] = {}
        self._disabled: set[int] = set()

    def __enter__(self) -> Breakpoints:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._set.values():
            each.remove()
        self._set.clear()

    def add(self, address: int, on_hit: OnHit, hardware: bool = False) -> None:
        """One at the VA ``address``, unless there is one of ours; raises TargetError.

        It stays where it is while the target goes on from it, where :mod:`.emulation` can do the
        instruction that it lies on; only then it is worth being a ``hardware`` one, which costs the
        same beside any number of others.
        """
        if address in self._set:
            return
        emulate = _emulation_at(self._target, address)
        if emulate is None:
            self._set[address] = self._target.break_at(address, on_hit)
        else:
            hit = self._staying(address, on_hit, emulate)
            self._set[address] = self._target.break_at(address, hit, hardware)

    def enable(self, address: int, wanted: bool) -> None:
        """Whether the one at ``address`` is to be hit; also while a breakpoint is."""
        self._set[address].enable(wanted)
        (self._disabled.discard if wanted else self._disabled.add)(address)

    def is_lost(self, address: int) -> bool:
        """Whether the one at ``address`` has gone with its module."""
        return address in self._set and self._set[address].is_lost

    def drop(self, address: int) -> None:
        """Takes out the one at ``address``; not while a breakpoint is being hit."""
        found = self._set.pop(address, None)
        if found is not None:
            found.remove()

    def _staying(self, address: int, on_hit: OnHit, emulate: Emulation) -> OnHit:
        target = self._target
        counter = ARCHITECTURES[target.architecture].program_counter

        def hit() -> bool:
            stops = on_hit()
            if stops or address in self._disabled:
                return stops
            if target.register(counter) == address:
                emulate(target)
            return False

        return hit


def can_stay(target: LiveTarget, address: int) -> bool:
    """Whether a breakpoint at the VA ``address`` is there all the time: otherwise a processor may
    pass while another one goes on from it."""
    return _emulation_at(target, address) is not None


def _emulation_at(target: LiveTarget, address: int) -> Emulation | None:
    instruction = instruction_at(target, address)
    return None if instruction is None else emulation(target.architecture, instruction)
