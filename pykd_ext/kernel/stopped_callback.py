"""The registry callback that the target is stopped at the start of, and its arguments.

EX_CALLBACK_FUNCTION: NTSTATUS (CallbackContext, Argument1, Argument2), wdm.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable, RegcbError, TargetError
from ..target.fields import words
from .callback_block import CallbackBlock
from .callbacks import callbacks_with_function
from .drivers import Drivers
from .thread_callbacks import ThreadCallbacks, is_dispatcher, read_thread_callbacks

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NotAtCallback", "Stop", "read_call_in_progress", "read_stop"]


class NotAtCallback(RegcbError):
    """The target is not stopped where a registry callback starts; ``str()`` says where it is."""


class Stop(NamedTuple):
    """A call of a callback, seen at its first instruction.

    ``context`` is its own, ``notify_class`` the whole Argument1, ``information`` the VA of the
    REG_*_INFORMATION (for an internal callback, of the extended argument). ``callback`` is None
    where the registers were taken for arguments by force.
    """

    callback: CallbackBlock | None
    context: int
    notify_class: int
    information: int


def read_stop(target: Target, force: bool = False) -> Stop:
    """The call that the target is stopped at.

    Raises NotAtCallback where the program counter is the start of no known callback, unless
    ``force`` is set; RegisterUnavailable; on x86 MemoryUnreadable when the stack is not there.
    """
    counter = target.register(ARCHITECTURES[target.architecture].program_counter)
    context, notify_class, information = _arguments(target)
    try:
        callback = _find_callback(target, counter, context)
    except TargetError:
        if not force:
            raise
        callback = None
    if callback is None and not force:
        raise NotAtCallback(_where(target, counter))
    return Stop(callback, context, notify_class, information)


def read_call_in_progress(target: Target) -> Stop | None:
    """The innermost call of a callback that the thread is in the middle of, by its stack; None
    where that is not known.

    Of x86 alone: there a callback's arguments lie behind its return address into the dispatcher,
    elsewhere in registers that have changed since. Weaker than :func:`read_stop`: the words may be
    left over from a call before, so the first has to be the context of a callback that the thread
    is in.
    """
    if ARCHITECTURES[target.architecture].arguments:
        return None
    inside = _in_progress(target)
    size = target.memory.pointer_size
    for each in filter(is_dispatcher, inside.stack):
        try:
            raw = target.memory.read(each.place + size, 3 * size)
        except MemoryUnreadable:
            continue
        context, notify_class, information = words(raw, size)
        for callback in inside.told:
            if callback.context == context and notify_class < _CLASSES:
                return Stop(callback, context, notify_class, information)
    return None


_CLASSES = 0x40  # more than REG_NOTIFY_CLASS has


def _in_progress(target: Target) -> ThreadCallbacks:
    return read_thread_callbacks(target, Drivers(target))


def _arguments(target: Target) -> tuple[int, int, int]:
    architecture = ARCHITECTURES[target.architecture]
    if architecture.arguments:
        first, second, third = map(target.register, architecture.arguments[:3])
        return first, second, third
    size = architecture.pointer_size
    above = target.register(architecture.stack_pointer) + size  # the return address
    raw = target.memory.read(above, 3 * size)
    first, second, third = words(raw, size)
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
        "(regcb decode CLASS ADDR), or take the registers as they are (--force); "
        "regcb show --thread says which callbacks the thread is in"
    )


def _find_callback(target: Target, function: int, context: int) -> CallbackBlock | None:
    """The callback with that function; of several the one with that context, else the first.

    Reads no more of the list than that takes. Raises TargetError without a list, and for none on
    what can be read of one.
    """
    found = None
    try:
        for callback in callbacks_with_function(target, function):
            if callback.context == context:
                return callback
            found = found or callback
    except TargetError:
        if found is None:
            raise
    return found
