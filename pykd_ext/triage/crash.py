"""What the crash itself says of callbacks: the bug check, and the thread that died."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..kernel.drivers import Owner
from ..kernel.listing import RegistryCallback, symbol_text
from ..kernel.thread_callbacks import ThreadCallbacks, is_proven, read_thread_callbacks
from ..notify.ntstatus import status_text
from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable
from ..target.registers import CONTEXTS
from .bug_checks import CODE, CONTEXT, EXCEPTION, MEMORY, TRAP_FRAME, facts_of
from .finding import Finding, about
from .scene import Scene

if TYPE_CHECKING:
    from ..target import BugCheck, Target

__all__ = ["callback_crashed", "crash_parameter", "executed_addresses"]

# Parameters: the exception's code, the VA of its CONTEXT, the callback's Function (Microsoft,
# "Bug Check 0x135").
_REGISTRY_FILTER_DRIVER_EXCEPTION = 0x135

# KTRAP_FRAME.Rip and Eip: PDB. Of ARM64's no source was at hand.
_TRAP_FRAME_COUNTERS = {"x64": 0x168, "x86": 0x68}

_UNPROVEN = (
    "; without the drivers' files (-y) the words of its stack cannot be told from return addresses"
)


def callback_crashed(scene: Scene) -> Iterator[Finding]:
    """The machine died in a callback: the bug check names it, or the thread was in it."""
    crash = scene.target.bug_check()
    if crash is None:
        return
    if crash.code == _REGISTRY_FILTER_DRIVER_EXCEPTION:
        yield from _named(scene, crash)
        return
    addresses = executed_addresses(scene.target, crash)
    thread = read_thread_callbacks(scene.target, scene.drivers, addresses)
    if thread.cut:
        scene.problems.append(f"in which callbacks it crashed: {thread.cut}")
    if thread.told:
        yield from _of_list(scene, crash, thread)
    elif thread.called:
        yield from _of_stack(scene, crash, thread)


def _named(scene: Scene, crash: BugCheck) -> Iterator[Finding]:
    """Windows stops when a callback raises an exception that nobody handles, and says in which."""
    exception, context, function = crash.parameters[:3]
    what = f"REGISTRY_FILTER_DRIVER_EXCEPTION, {status_text(exception)}: .cxr {context:#x}"
    evidence = {
        "bug_check": f"{crash.code:#x}",
        "exception": f"{exception & 0xFFFF_FFFF:#010x}",
        "context_record": f"{context:#x}",
        "function": f"{function:#x}",
    }
    crashed = [each for each in _entries(scene) if each.block.function == function]
    for entry in crashed:
        yield about(
            entry, "callback-crashed", "medium", f"the machine crashed in it ({what})", evidence,
            "a driver's own mistake does it as well as somebody who changed what it works on",
        )  # fmt: skip
    if not crashed:
        owner = scene.drivers.owner(function)
        whose = f" of {owner.name} ({symbol_text(scene.target, owner, function)})"
        yield Finding(
            id="callback-crashed",
            severity="medium",
            callback=None,
            summary=f"the machine crashed in a callback at {function:#x}"
            f"{whose if owner.name else ''}, which no entry that could be read has ({what})",
            evidence=evidence,
            doubt=None,
            next=f"u {function:#x}",
        )


def _of_list(scene: Scene, crash: BugCheck, thread: ThreadCallbacks) -> Iterator[Finding]:
    """The innermost callback at work is the one that it died inside; those around it asked for what
    it was told of. Where none is at work, those that were told are only named."""
    entries = {each.block.address: each for each in _entries(scene)}
    told = {each.address: each for each in thread.told}
    evidence = {**_evidence(crash, thread), "told": [f"{each:#x}" for each in told]}
    for number, block in enumerate(thread.running):
        what = "the thread that crashed died inside it"
        if number:
            what = "the thread that crashed was inside it, and in another one that it led to"
        yield _about_block(
            entries.get(block), told[block].function, "medium", f"{what} ({_name(crash)})",
            {**evidence, "callback": f"{block:#x}", "witness": "thread's list and stack"},
            f"a driver's own mistake does it as well as somebody who changed what it works on"
            f"{'' if is_proven(thread) else _UNPROVEN}",
        )  # fmt: skip
    if not thread.running:
        yield Finding(
            "callback-crashed", "info", None,
            f"the thread that crashed was in a registry operation that {len(told)} callbacks had "
            f"been told of ({_name(crash)}); none of their drivers is on its stack",
            {**evidence, "witness": "thread's list"},
            "a callback stays on the thread's list until the operation is over",
            "regcb show --thread",
        )  # fmt: skip


def _of_stack(scene: Scene, crash: BugCheck, thread: ThreadCallbacks) -> Iterator[Finding]:
    """The weaker witness: the dispatcher's return addresses and what lies below them."""
    for number, each in enumerate(thread.called):
        mine = [entry for entry in _entries(scene) if entry.owner.base == each.owner.base]
        yield _about_block(
            mine[0] if len(mine) == 1 else None, each.address, "medium",
            f"by its stack alone, the thread that crashed "
            f"{'died' if number == 0 else 'was'} inside a registry callback of {each.owner.name} "
            f"({each.symbol}) ({_name(crash)})",
            {**_evidence(crash, thread), "address": f"{each.address:#x}",
             "witness": "stack"},
            f"a word of the stack may be left over from a call before"
            f"{'' if is_proven(thread) else _UNPROVEN}; {'; '.join(thread.problems)}",
        )  # fmt: skip


def _about_block(
    entry: RegistryCallback | None,
    address: int | None,
    severity: str,
    summary: str,
    evidence: dict[str, Any],
    doubt: str,
) -> Finding:
    """About an entry, or about a callback that is none."""
    if entry is not None:
        return about(entry, "callback-crashed", severity, summary, evidence, doubt)
    next_step = "regcb show --thread" if address is None else f"u {address:#x}"
    return Finding("callback-crashed", severity, None, summary, evidence, doubt, next_step)


def crash_parameter(scene: Scene) -> Iterator[Finding]:
    """A parameter of the bug check lies in the driver of a callback."""
    crash = scene.target.bug_check()
    if crash is None or crash.code == _REGISTRY_FILTER_DRIVER_EXCEPTION:
        return
    owners = {
        entry.owner.base: entry
        for entry in reversed(_entries(scene))
        if entry.owner.state == "loaded" and entry.owner.base != scene.target.nt_base
    }
    for number, kind, address in _addresses(scene.target, crash):
        entry = owners.get(_base(scene.drivers.owner(address)))
        if entry is None:
            continue
        what = "" if kind in (CODE, MEMORY) else "what the "
        yield about(
            entry, "crash-parameter", "medium",
            f"{what}parameter {number} of {_name(crash)} "
            f"{'leads to ' if what else ''}({kind}, {address:#x}) lies in its driver "
            f"{entry.owner.name}",
            {"bug_check": f"{crash.code:#x}", "parameter": number, "kind": kind,
             "address": f"{address:#x}"},
            "the driver may do more than its callbacks: which of its code it was is at the address",
        )  # fmt: skip


def _base(owner: Owner) -> int | None:
    return owner.base if owner.state == "loaded" else None


def executed_addresses(target: Target, crash: BugCheck) -> list[int]:
    """Instructions that the thread was at, as the bug check's parameters tell them."""
    return [
        address
        for _, kind, address in _addresses(target, crash)
        if kind in (CODE, EXCEPTION, CONTEXT, TRAP_FRAME)
    ]


def _addresses(target: Target, crash: BugCheck) -> Iterator[tuple[int, str, int]]:
    """A parameter's number, what it is, and the address that it is or leads to."""
    for number, kind in facts_of(crash.code).parameters.items():
        value = crash.parameters[number - 1]
        try:
            address = _led_to(target, kind, value)
        except MemoryUnreadable:
            continue
        if address:
            yield number, kind, address


def _led_to(target: Target, kind: str, value: int) -> int:
    """0 where nothing is known. Raises MemoryUnreadable."""
    memory = target.memory
    if kind in (EXCEPTION, CONTEXT, TRAP_FRAME) and not memory.is_kernel(value):
        return 0  # Windows makes them on kernel stacks
    if kind == EXCEPTION:  # EXCEPTION_RECORD.ExceptionAddress (winnt.h)
        return memory.pointer(value + 8 + memory.pointer_size)
    if kind == CONTEXT:
        counter = ARCHITECTURES[target.architecture].program_counter
        return memory.pointer(value + CONTEXTS[target.architecture].registers[counter])
    if kind == TRAP_FRAME:
        place = _TRAP_FRAME_COUNTERS.get(target.architecture)
        return memory.pointer(value + place) if place else 0
    return value


def _entries(scene: Scene) -> list[RegistryCallback]:
    return [*scene.readable, *(orphan.entry for orphan in scene.orphans)]


def _name(crash: BugCheck) -> str:
    return facts_of(crash.code).name or f"bug check {crash.code:#x}"


def _evidence(crash: BugCheck, thread: ThreadCallbacks) -> dict[str, Any]:
    return {
        "bug_check": f"{crash.code:#x}",
        "thread": None if thread.thread is None else f"{thread.thread:#x}",
    }
