"""A thread that is telling a callback of a registry operation: which, and of what."""

from __future__ import annotations

from typing import NamedTuple

from .callback_blocks import PlacedCallback
from .notices import find_notice
from .processes import PROCESSES, Processes
from .running import Running, died_in_callback, in_callback, write_calls
from .truth import StopTruth
from .world import World

__all__ = ["Stop", "stop_at"]


class Stop(NamedTuple):
    """A call: what it is, the callback's function, and its three arguments."""

    truth: StopTruth
    function: int
    arguments: tuple[int, int, int]
    blocks: list[int]  # of the callbacks that were told so far, in calling order

    def running(self, world: World, processes: Processes, crashed: bool) -> Running:
        """The thread at the callback's start; ``crashed``: dead of what the callback did."""
        place = died_in_callback if crashed else in_callback
        running = place(world, processes, self.function, self.arguments)
        write_calls(world, running, self.blocks)
        return running


def stop_at(world: World, callbacks: list[PlacedCallback], notice: str, index: int | None) -> Stop:
    """Calls ``callbacks[index]``, the last one that is not internal without an index.

    Raises ValueError for a notification or a callback that there is not.
    """
    told = find_notice(world.registry.notices, notice)
    if index is None:
        public = [at for at, each in enumerate(callbacks) if not each.registration.internal]
        index = public[-1] if public else 0
    if not 0 <= index < len(callbacks):
        raise ValueError(f"no callback {index}; there are {len(callbacks)}")
    callback = callbacks[index]
    argument = told.address
    if callback.registration.internal:
        argument = world.registry.symbols["Extended" + told.name[len("RegNt") :]]
    _, process_id, _, thread_ids = PROCESSES[-1]
    return Stop(
        truth=StopTruth(told, index, argument, process_id, thread_ids[-1]),
        function=callback.function,
        arguments=(callback.context, told.number, argument),
        blocks=[each.address for each in callbacks[: index + 1]],
    )
