"""What a target must be able to do to be followed while it runs; for type checkers, as
:mod:`.protocol`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, Protocol

from .protocol import Target

__all__ = ["Breakpoint", "LiveTarget", "OnHit"]

OnHit = Callable[[], bool]


class Breakpoint(Protocol):
    """One breakpoint of ours. ``is_lost``: it went with the module that it lay in."""

    is_lost: bool

    def enable(self, wanted: bool) -> None:
        """Whether it is to be hit, also said while it is; never raises."""

    def remove(self) -> None:
        """Takes it out of the target; once only. Never raises: the target may have gone."""


class LiveTarget(Target, Protocol):
    """A target that can be set going. It is stopped whenever none of these is at work.

    ``last_event`` is what stopped it in the debugger's words, where :meth:`go` does not say it all.
    ``on_silence`` is called in another thread, with seconds, when a target that was to stop does
    not answer: :meth:`go` comes back only if it does after all. ``is_ours`` is whether the session
    ends with this one's :meth:`close`, which lets the target run on; a debugger's stays, stopped.
    """

    is_ours: bool
    last_event: str
    on_silence: Callable[[float], None]

    def break_at(self, address: int, on_hit: OnHit, hardware: bool = False) -> Breakpoint:
        """A breakpoint at the VA ``address``; the target stops there for good when ``on_hit``
        returns True. ``hardware``: in a debug register, where there is one left and
        it costs less.

        ``on_hit`` may read and write, and set further breakpoints; it may not let the target
        go. What it raises stops the target, and comes out of :meth:`go`. Raises TargetError
        where the debugger refuses the breakpoint.
        """

    def go(self, seconds: float | None) -> str:
        """Lets the target run; comes back with it stopped, and with why: ``hit`` (an ``on_hit``
        said so), ``time`` (``seconds`` are over), ``debugger`` (Ctrl+C, Ctrl+Break),
        ``breakpoint`` (one of the user's), ``exception``, ``bug-check``, ``module``, or ``reboot``:
        all breakpoints are gone then, and nothing is where it was.

        Raises ConnectionLost, and what an ``on_hit`` has raised.
        """

    def stop_after_hit(self) -> None:
        """Within an ``on_hit``: the target stops when that is done, wherever it has brought it.
        :meth:`go` says ``hit`` then."""

    def set_registers(self, values: Mapping[str, int]) -> None:
        """Sets all of them, or none and raises RegisterUnavailable."""

    def write(self, address: int, data: bytes) -> None:
        """Writes ``data`` to memory at the VA ``address``; raises MemoryUnreadable where there is
        none."""

    def return_addresses(self, count: int) -> list[int]:
        """Of the stopped thread's stack, the innermost first: at most ``count`` VAs where its
        calls go on, the program counter before all."""
