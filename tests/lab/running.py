"""What the processor was doing when the dump was written: crashing, or calling a callback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import capstone

from .processes import Processes
from .world import BUGCHECK, World

__all__ = ["Running", "after_call", "died_in_callback", "in_bugcheck", "in_callback", "write_calls"]

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


def died_in_callback(
    world: World, processes: Processes, function: int, arguments: tuple[int, ...]
) -> Running:
    """The same thread, in KeBugCheckEx: the callback had called something which faulted.

    Its stack has what a walk would find, the innermost first: into the callback, where it calls
    anything, into the dispatcher, and on x86 the callback's arguments behind that.
    """
    called = in_callback(world, processes, function, arguments)
    dispatcher = world.nt(world.profile.dispatcher)
    frames = [after_call(world, function), 0, after_call(world, dispatcher), *arguments, 0]
    if world.profile.architecture != "x86":
        frames[3:] = [0]
    pointer = called.stack_pointer - len(frames) * world.profile.pointer_size & -16
    for index, word in enumerate(frames):
        world.space.write_pointer(pointer + (index + 2) * world.profile.pointer_size, word)
    return called._replace(
        program_counter=world.nt("KeBugCheckEx"),
        stack_pointer=pointer,
        return_address=after_call(world, world.nt("PspSystemThreadStartup")),
        arguments=(world.bug_check[0],),
    )


_LONGEST_FUNCTION = 0x400  # bytes that are looked at
_MODES = {
    "x64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
    "x86": (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
    "arm64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
}
_CALLS = ("call", "bl", "blr")


def after_call(world: World, function: int) -> int:
    """Where the first call of a function returns to; 0 where it calls nothing."""
    machine = capstone.Cs(*_MODES[world.profile.architecture])
    code = world.space.read(function, min(_LONGEST_FUNCTION, -function & 0xFFF or 0x1000))
    for each in machine.disasm_lite(code, function):
        address, size, mnemonic, _ = each
        if mnemonic in _CALLS:
            return int(address + size)
        if mnemonic.startswith("ret") or mnemonic == "int3":
            return 0
    return 0


def write_calls(world: World, running: Running, blocks: Sequence[int]) -> None:
    """A CMci for each of ``blocks``, callbacks in calling order: one operation of the running
    thread, as SOURCES 1.5 has them. Nothing where it is not known where a thread keeps them."""
    if world.profile.has_vector or not world.offsets.has("_ETHREAD", "CmCallbackListHead"):
        return
    pointer = world.profile.pointer_size
    calls = [world.paged.allocate(6 * pointer, b"CMci") for _ in blocks]
    head = world.profile.kernel_stack + (0x6000 if pointer == 8 else 0x3000) - 0x100
    world.space.link(head, calls)
    if blocks:  # the dispatcher's own variable
        world.space.write_pointer(head + 2 * pointer, blocks[-1])
    place = world.field(running.thread, "_ETHREAD", "CmCallbackListHead")
    for call, block in zip(calls, blocks):
        world.space.write_pointer(call + 2 * pointer, world.space.pointer(place))
        world.space.write_pointer(call + 3 * pointer, block)
        world.space.write_pointer(place, call + 2 * pointer)
