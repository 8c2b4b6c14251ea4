"""Whether the thread that the target is stopped in is inside registry callbacks, and whose.

Two witnesses. The thread's own list (:mod:`.threads`) has every callback that was told of an
operation which is still going on: a callback that has returned stays on it until the operation's
post-notification is done. The stack has return addresses: a driver's between the thread's innermost
instruction and the kernel's dispatcher shows that its callback is running. Where the list is not
known, the stack is the only witness, and a weaker one: a word may be left over from a call before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..target.errors import MemoryUnreadable, RegisterUnavailable
from .builds import WINDOWS_7
from .callback_block import CallbackBlock
from .callback_list import read_block
from .drivers import Drivers, Owner
from .layouts import BLOCKS
from .listing import symbol_text
from .process_layouts import thread_callbacks_offset
from .stack import CodeAddress, code_addresses
from .threads import calls_of_thread

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["ThreadCallbacks", "is_dispatcher", "is_proven", "read_thread_callbacks"]

_MOST = 100  # callbacks of one thread
_DISPATCHERS = "nt!CmpCallCallBacks"  # CmpCallCallBacksEx from 1703 on


class ThreadCallbacks(NamedTuple):
    """The current thread and the callbacks that it is in.

    ``thread`` is the VA of its KTHREAD, None where that is not known. ``told`` are the callbacks on
    its list, the innermost first, ``running`` the VAs of those blocks whose driver the stack shows
    at work, the innermost first. ``called`` is what the stack alone shows: addresses in drivers
    that the dispatcher called, the innermost first. ``stack`` are all code addresses on it.
    ``problems`` say what is not known, and why; ``cut`` is the one of them that leaves callbacks
    out of ``told``: the thread, or its list, could not be read.
    """

    thread: int | None
    told: list[CallbackBlock]
    running: list[int]
    called: list[CodeAddress]
    stack: list[CodeAddress]
    problems: list[str]
    cut: str | None = None


def read_thread_callbacks(
    target: Target, drivers: Drivers, executed: Sequence[int] = ()
) -> ThreadCallbacks:
    """Reads the thread's list and its stack; never raises for what is missing.

    ``executed`` are addresses of instructions that it was at, as a bug check tells them: no call
    stands before those.
    """
    problems: list[str] = []
    cut = None
    told: list[CallbackBlock] = []
    thread = None
    try:
        thread = target.current_thread()
        for each in _told(target, thread, problems):
            told.append(each)
    except RegisterUnavailable as error:
        cut = str(error)
    except MemoryUnreadable as error:
        cut = f"the thread's list of callbacks ends after {len(told)}: {error}"
    problems += [cut] if cut else []
    at = list(_at(target, drivers, executed))
    known = {each.address for each in at}
    found = code_addresses(target, drivers)
    stack = [*at, *(each for each in found if each.place or each.address not in known)]
    if not stack:
        problems.append("no code address was found on the thread's stack")
    return ThreadCallbacks(
        thread=thread,
        told=told,
        running=_running(told, stack, drivers),
        called=_called(stack, target.nt_base),
        stack=stack,
        problems=problems,
        cut=cut,
    )


def _at(target: Target, drivers: Drivers, executed: Sequence[int]) -> Iterator[CodeAddress]:
    for address in dict.fromkeys(executed):
        owner = drivers.owner(address)
        if owner.state == "loaded":
            yield CodeAddress(0, address, owner, symbol_text(target, owner, address), None)


def _told(target: Target, thread: int, problems: list[str]) -> Iterator[CallbackBlock]:
    """Raises MemoryUnreadable where the list goes on and cannot be read."""
    if target.build < WINDOWS_7:  # SOURCES 3.6
        problems.append("before Windows 7 no thread keeps a list of the callbacks that it is in")
        return
    offset = thread_callbacks_offset(target)
    if offset is None:
        problems.append(
            "where this build's threads keep the callbacks that they are in is not known without "
            "the kernel's types (-y): the stack is the only witness"
        )
        return
    memory = target.memory
    layout = BLOCKS.layout(target)
    calls = calls_of_thread(memory.read, thread + offset, memory.pointer_size)
    for number, call in enumerate(calls):
        if number == _MOST:
            problems.append(f"the thread's list goes on after {_MOST} callbacks")
            return
        yield read_block(memory, layout, call.block)._replace(found_by="thread")


def _running(
    told: Sequence[CallbackBlock], stack: Sequence[CodeAddress], drivers: Drivers
) -> list[int]:
    """The innermost address of each owner decides the order."""
    places: dict[int, int] = {}
    for callback in told:
        if callback.function is None:
            continue
        owner = drivers.owner(callback.function)
        for number, each in enumerate(stack):
            # A driver's variable is no code, and no small dump says so: its context is one.
            if each.address != callback.context and _shows(each, callback.function, owner):
                places.setdefault(callback.address, number)
                break
    return sorted(places, key=lambda block: places[block])


def _shows(each: CodeAddress, function: int, owner: Owner) -> bool:
    """Whether a code address says that the callback ``function`` is at work. The kernel's own
    callbacks lie beside all of its code: there only the function itself counts."""
    if owner.state != "loaded" or each.owner.base != owner.base:
        return False
    if owner.module != "nt":
        return True
    return (
        each.symbol is not None
        and each.address >= function
        and _distance(each) == (each.address - function)
    )


def _distance(each: CodeAddress) -> int:
    """How far behind its symbol an address is."""
    _, _, offset = (each.symbol or "").rpartition("+")
    return int(offset, 16) if offset.startswith("0x") else 0


def _called(stack: Sequence[CodeAddress], nt_base: int) -> list[CodeAddress]:
    """For each of the dispatcher's return addresses the driver's that lies next below it."""
    called = []
    below: CodeAddress | None = None
    for each in stack:
        if is_dispatcher(each):
            if below is not None:
                called.append(below)
            below = None
        elif each.owner.base != nt_base:
            below = each
    return called


def is_proven(inside: ThreadCallbacks) -> bool:
    """Whether the words of the stack that count could be told from others: a call stands before
    each, or it is where the thread was."""
    return all(each.follows_call or not each.place for each in inside.stack)


def is_dispatcher(each: CodeAddress) -> bool:
    """Whether it lies in the function that calls the callbacks."""
    return (each.symbol or "").startswith(_DISPATCHERS)
