"""A function's calls and returns: arguments where it starts, its result where it goes back to.

"x64 calling convention", "Overview of ARM64 ABI conventions" (Microsoft); NTAPI is __stdcall on
x86, which takes its arguments off the stack as it returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = [
    "PROGRAM_COUNTERS", "RESULTS", "STACK_POINTERS", "Entered", "entered", "popped_by_callback",
    "return_instruction", "second_argument", "skip_call", "start_again",
]  # fmt: skip

PROGRAM_COUNTERS = {"x64": "rip", "x86": "eip", "arm64": "pc"}
STACK_POINTERS = {"x64": "rsp", "x86": "esp", "arm64": "sp"}
RESULTS = {"x64": "rax", "x86": "eax", "arm64": "x0"}
_REGISTERS = {
    "x64": ("rcx", "rdx", "r8", "r9"),
    "x86": (),
    "arm64": tuple(f"x{number}" for number in range(8)),
}
_HOME = 0x20  # bytes for the four register arguments on the stack of x64
# Of an EX_CALLBACK_FUNCTION: ret, and with its three arguments ret 0Ch.
_CALLBACK_RETURNS = {"x64": b"\xc3", "x86": b"\xc2\x0c\x00"}
_NEAR = 0x1000  # bytes
_CALLBACK_ARGUMENTS = 3


class Entered(NamedTuple):
    """A function at its first instruction.

    ``back`` is the VA that it returns to, ``stack`` the stack pointer once it has; ``arguments``
    are unsigned.
    """

    back: int
    stack: int
    arguments: tuple[int, ...]


def entered(target: Target, count: int) -> Entered:
    """The call of a function with ``count`` pointer-sized arguments that the target is stopped at
    the start of.

    Raises RegisterUnavailable, MemoryUnreadable.
    """
    architecture = target.architecture
    size = 4 if architecture == "x86" else 8
    stack = target.register(STACK_POINTERS[architecture])
    names = _REGISTERS[architecture][:count]
    arguments = [target.register(name) for name in names]
    if architecture == "arm64":
        return Entered(target.register("lr"), stack, tuple(arguments))
    first = size + (_HOME if architecture == "x64" else 0)
    rest = count - len(names)
    length = first + rest * size if rest else size
    raw = target.read(stack, length)
    words = [int.from_bytes(raw[at : at + size], "little") for at in range(0, length, size)]
    if rest:
        arguments += words[first // size :]
    popped = size + (count * size if architecture == "x86" else 0)
    return Entered(words[0], stack + popped, tuple(arguments))


def second_argument(target: Target) -> int:
    """Of the function that the target is stopped at the start of, read without the rest: a
    callback's notify class, by which most calls are let go. Raises as :func:`entered`."""
    names = _REGISTERS[target.architecture]
    return target.register(names[1]) if names else entered(target, 2).arguments[1]


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


def skip_call(target: LiveTarget, call: Entered, result: int, leave_by: int | None) -> None:
    """Makes the function at whose start the target is stopped return ``result`` at once.

    By the return instruction at ``leave_by``: where the kernel uses shadow stacks (Intel CET) a
    call that is not returned from is a fault. Without one the call is taken off the stack. Raises
    RegisterUnavailable, with every register as it was.
    """
    architecture = target.architecture
    values = {RESULTS[architecture]: result, PROGRAM_COUNTERS[architecture]: leave_by or call.back}
    if leave_by is None:
        values[STACK_POINTERS[architecture]] = call.stack
    target.set_registers(values)


def popped_by_callback(architecture: str) -> int:
    """Bytes that the return instruction of a callback takes off the stack."""
    size = 4 if architecture == "x86" else 8
    words = {"x64": 1, "x86": 1 + _CALLBACK_ARGUMENTS, "arm64": 0}
    return size * words[architecture]


def start_again(
    target: LiveTarget, function: int, call: Entered, arguments: tuple[int, int, int]
) -> None:
    """Has a callback's ``function``, which is about to return from ``call`` or just has, start once
    more with other arguments: it returns to where it would have.

    Raises MemoryUnreadable and RegisterUnavailable, with every register as it was.
    """
    architecture = target.architecture
    size = 4 if architecture == "x86" else 8
    stack = call.stack - popped_by_callback(architecture)
    registers = {STACK_POINTERS[architecture]: stack, PROGRAM_COUNTERS[architecture]: function}
    registers.update(zip(_REGISTERS[architecture], arguments))
    if architecture == "arm64":
        registers["lr"] = call.back
    else:
        words = (call.back, *(() if architecture == "x64" else arguments))
        target.write(stack, b"".join(each.to_bytes(size, "little") for each in words))
    target.set_registers(registers)
