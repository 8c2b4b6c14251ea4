"""What the processor was doing when the dump was written: crashing, or calling a callback."""

from __future__ import annotations

from typing import NamedTuple

from .processes import Processes
from .world import BUGCHECK, World

__all__ = ["Running", "in_bugcheck", "in_callback"]

_INTO_CALLER = 0x1A  # a return address lies somewhere behind a function's start
# Below the frame that the thread has; x64 aligns the stack to 16 bytes before a call, and the call
# pushes.
_CALL_DEPTHS = {"x64": 0x48, "x86": 0x20, "arm64": 0x40}


class Running(NamedTuple):
    """A thread at the first instruction of a function. VAs, but for the ``arguments``."""

    thread: int
    program_counter: int
    stack_pointer: int
    return_address: int
    arguments: tuple[int, ...]


def in_bugcheck(world: World, processes: Processes) -> Running:
    """A thread of System in KeBugCheckEx."""
    return Running(
        thread=processes.threads[0],
        program_counter=world.nt("KeBugCheckEx"),
        stack_pointer=processes.stack_pointer,
        return_address=world.nt("PspSystemThreadStartup") + _INTO_CALLER,
        arguments=(BUGCHECK,),
    )


def in_callback(
    world: World, processes: Processes, function: int, arguments: tuple[int, ...]
) -> Running:
    """The last process's last thread, where the kernel has just called ``function``."""
    return Running(
        thread=processes.threads[-1],
        program_counter=function,
        stack_pointer=processes.stack_pointer - _CALL_DEPTHS[world.profile.architecture],
        return_address=world.nt(world.profile.dispatcher) + _INTO_CALLER,
        arguments=arguments,
    )
