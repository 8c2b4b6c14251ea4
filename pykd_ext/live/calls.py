"""A function's calls and returns: arguments where it starts, its result where it goes back to.

The calling conventions themselves: :mod:`pykd_ext.target.architecture`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable
from ..target.fields import words
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = [
    "FunctionCall", "entered", "popped_by_callback", "return_instruction",
    "second_argument", "skip_call", "start_again", "status_of",
]  # fmt: skip

# Of an EX_CALLBACK_FUNCTION: ret, and with its three arguments ret 0Ch.
_CALLBACK_RETURNS = {"x64": b"\xc3", "x86": b"\xc2\x0c\x00"}
_NEAR = 0x1000  # bytes
_CALLBACK_ARGUMENTS = 3


class FunctionCall(NamedTuple):
    """A function at its first instruction.

    ``back`` is the VA that it returns to, ``stack`` the stack pointer once it has; ``arguments``
    are unsigned.
    """

    back: int
    stack: int
    arguments: tuple[int, ...]


def entered(target: Target, count: int) -> FunctionCall:
    """The call of a function with ``count`` pointer-sized arguments that the target is stopped at
    the start of.

    Raises RegisterUnavailable, MemoryUnreadable.
    """
    architecture = ARCHITECTURES[target.architecture]
    size = architecture.pointer_size
    stack = target.register(architecture.stack_pointer)
    names = architecture.arguments[:count]
    arguments = [target.register(name) for name in names]
    if architecture.link:
        return FunctionCall(target.register(architecture.link), stack, tuple(arguments))
    first = size + architecture.home
    rest = count - len(names)
    length = first + rest * size if rest else size
    raw = target.read(stack, length)
    on_stack = words(raw, size)
    if rest:
        arguments += on_stack[first // size :]
    popped = size + (count * size if architecture.callee_pops else 0)
    return FunctionCall(on_stack[0], stack + popped, tuple(arguments))


def second_argument(target: Target) -> int:
    """Of the function that the target is stopped at the start of, read without the rest: a
    callback's notify class, by which most calls are let go. Raises as :func:`entered`."""
    names = ARCHITECTURES[target.architecture].arguments
    return target.register(names[1]) if names else entered(target, 2).arguments[1]


def status_of(target: Target) -> int:
    """The NTSTATUS that the function returns which the target is stopped behind, or at the return
    instruction of; unsigned. Raises RegisterUnavailable."""
    return target.register(ARCHITECTURES[target.architecture].result) & 0xFFFF_FFFF


def return_instruction(target: Target, function: int) -> int | None:
    """The VA of bytes near the start of a callback's ``function`` that, jumped to, return from it;
    None where they are not needed (ARM64) or not found."""
    code = _CALLBACK_RETURNS.get(target.architecture)
    if code is None:
        return None
    for size in (_NEAR, PAGE - function % PAGE):
        try:
            found = target.memory.read(function, size).find(code, 1)  # not under our breakpoint
        except MemoryUnreadable:
            continue
        if found > 0:
            return function + found
    return None


def skip_call(target: LiveTarget, call: FunctionCall, result: int, leave_by: int | None) -> None:
    """Makes the function at whose start the target is stopped return ``result`` at once.

    By the return instruction at ``leave_by``: where the kernel uses shadow stacks (Intel CET) a
    call that is not returned from is a fault. Without one the call is taken off the stack. Raises
    RegisterUnavailable, with every register as it was.
    """
    architecture = ARCHITECTURES[target.architecture]
    values = {architecture.result: result, architecture.program_counter: leave_by or call.back}
    if leave_by is None:
        values[architecture.stack_pointer] = call.stack
    target.set_registers(values)


def popped_by_callback(architecture: str) -> int:
    """Bytes that the return instruction of a callback takes off the stack."""
    convention = ARCHITECTURES[architecture]
    if convention.link:
        return 0
    pushed = 1 + (_CALLBACK_ARGUMENTS if convention.callee_pops else 0)
    return convention.pointer_size * pushed


def start_again(
    target: LiveTarget, function: int, call: FunctionCall, arguments: tuple[int, int, int]
) -> None:
    """Has a callback's ``function``, which is about to return from ``call`` or just has, start once
    more with other arguments: it returns to where it would have.

    Raises MemoryUnreadable and RegisterUnavailable, with every register as it was.
    """
    architecture = ARCHITECTURES[target.architecture]
    stack = call.stack - popped_by_callback(target.architecture)
    registers = {architecture.stack_pointer: stack, architecture.program_counter: function}
    registers.update(zip(architecture.arguments, arguments))
    if architecture.link:
        registers[architecture.link] = call.back
    else:
        pushed = (call.back, *arguments[len(architecture.arguments) :])
        raw = (each.to_bytes(architecture.pointer_size, "little") for each in pushed)
        target.write(stack, b"".join(raw))
    target.set_registers(registers)
