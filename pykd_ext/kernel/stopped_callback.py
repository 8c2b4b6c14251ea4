"""The registry callback that the target is stopped at the start of, and its arguments.

EX_CALLBACK_FUNCTION: NTSTATUS (CallbackContext, Argument1, Argument2), wdm.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import RegcbError, SymbolNotFound
from .callbacks import callbacks_with_function
from .registry_callback import RegistryCallback

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NotAtCallback", "Stop", "read_stop"]

_PROGRAM_COUNTERS = {"x64": "rip", "x86": "eip", "arm64": "pc"}

# The first three arguments of a function: "x64 calling convention" and "Overview of ARM64 ABI
# conventions" (Microsoft). x86 has them on the stack, and NTAPI is __stdcall.
_REGISTERS = {"x64": ("rcx", "rdx", "r8"), "arm64": ("x0", "x1", "x2")}


class NotAtCallback(RegcbError):
    """The target is not stopped where a registry callback starts; ``str()`` says where it is."""


class Stop(NamedTuple):
    """A call of a callback, seen at its first instruction.

    ``context`` is its own, ``notify_class`` the whole Argument1, ``information`` the VA of the
    REG_*_INFORMATION (for an internal callback, of the extended argument). ``callback`` is None
    where the registers were taken for arguments by force.
    """

    callback: RegistryCallback | None
    context: int
    notify_class: int
    information: int


def read_stop(target: Target, force: bool = False) -> Stop:
    """The call that the target is stopped at.

    Raises NotAtCallback where the program counter is the start of no known callback, unless
    ``force`` is set; RegisterUnavailable; on x86 MemoryUnreadable when the stack is not there.
    """
    counter = target.register(_PROGRAM_COUNTERS[target.architecture])
    context, notify_class, information = _arguments(target)
    try:
        callback = _find_callback(target, counter, context)
    except SymbolNotFound:
        if not force:
            raise
        callback = None
    if callback is None and not force:
        raise NotAtCallback(_where(target, counter))
    return Stop(callback, context, notify_class, information)


def _arguments(target: Target) -> tuple[int, int, int]:
    names = _REGISTERS.get(target.architecture)
    if names:
        first, second, third = map(target.register, names)
        return first, second, third
    size = target.memory.pointer_size
    raw = target.memory.read(target.register("esp") + size, 3 * size)  # above the return address
    first, second, third = (
        int.from_bytes(raw[place : place + size], "little") for place in range(0, 3 * size, size)
    )
    return first, second, third


def _where(target: Target, counter: int) -> str:
    """One line for the user: where the target is, and what to do."""
    nearest = target.nearest_symbol(counter)
    start = counter - nearest.displacement if nearest else counter
    inside = start != counter and _find_callback(target, start, 0) is not None
    return (
        f"the target is stopped at {nearest or hex(counter)}, "
        f"{'past the start of a callback' if inside else 'not in a registry callback'}: "
        "set a breakpoint on one's function (regcb list) and go, or name what to decode "
        "(regcb decode CLASS ADDR), or take the registers as they are (--force)"
    )


def _find_callback(target: Target, function: int, context: int) -> RegistryCallback | None:
    """The callback with that function; of several the one with that context, else the first.

    Reads no more of the list than that takes. Raises SymbolNotFound.
    """
    found = None
    for callback in callbacks_with_function(target, function):
        if callback.context == context:
            return callback
        found = found or callback
    return found
