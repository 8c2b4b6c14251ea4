"""Makes the callback list an empty one, with the kernel's own code.

CmpInitCallbacks, on most builds a part of a larger function, points the list's head at itself,
makes the legacy altitude, takes the system time for the cookies and readies the locks. It is found
by what it does: in straight code, to a candidate for the head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..kernel.code import disassemble
from ..kernel.locate import references_of_exports
from ..target.errors import RegcbError
from .code_search import CodeSearch
from .room import BOOT_TIME, Stopped
from .room_target import RoomTarget

__all__ = ["start_list"]

_LONGEST = 60  # instructions of straight code
_INSTRUCTIONS = 50_000
# What that code calls, all of them exports.
_HELPERS = ("RtlInitUnicodeString", "KeQuerySystemTime", "KeInitializeEvent",
            "KeInitializeGuardedMutex", "InitializeSListHead", "ExInitializeFastMutex",
            "KeQuerySystemTimePrecise")  # fmt: skip
_LEA = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]")
_MOVE_TO_REGISTER = re.compile(rb"[\xb8-\xbf]")  # mov reg, imm32
_MOVE_TO_MEMORY = b"\xc7\x05"  # mov [imm32], imm32


def start_list(target: RoomTarget) -> int:
    """The VA of the head of the list, which is empty now; raises TargetError, Stopped."""
    size = target.memory.pointer_size
    references, problem = references_of_exports(target)
    if problem:
        raise NotStarted(f"{target.path}: {problem}")
    candidates = {each.address for each in references if each.address % size == 0}
    for start in _starts(target, candidates):
        head = _try(target, start, candidates)
        if head is not None:
            return head
    raise NotStarted(
        f"{target.path}: the code that makes the callback list an empty one was not found"
    )


class NotStarted(RegcbError):
    """The list cannot be made an empty one."""


def _starts(target: RoomTarget, candidates: set[int]) -> Iterator[int]:
    """VAs of instructions that take a candidate's address; the discardable code's first."""
    for place in CodeSearch(target).naming(candidates):
        if target.architecture == "arm64":
            yield place
        elif target.architecture == "x64":
            if _LEA.fullmatch(target.room.source_bytes(place - 3, 3)):
                yield place - 3
        else:
            before = target.room.source_bytes(place - 6, 6)
            if _MOVE_TO_REGISTER.fullmatch(before[-1:]):
                yield place - 1
            elif before.startswith(_MOVE_TO_MEMORY):
                yield place - 6


def _run_straight(target: RoomTarget, start: int) -> None:
    """Runs from ``start`` to where the code branches, or calls what is none of the helpers. Of the
    code before, which is not run, registers have 0, or 1 in esi. Raises Stopped."""
    room = target.room
    helpers = {target.exports[name] for name in _HELPERS if name in target.exports}
    stop = start
    for instruction in disassemble(target, start, _LONGEST):
        stop = instruction.address
        is_helper = instruction.flow == "call" and instruction.target in helpers
        if instruction.flow and not is_helper:
            break
    for name in room.processor.general:
        room.set_register(name, 1 if name == "esi" else 0)
    if stop > start:
        room.run(start, stop, _INSTRUCTIONS)


def _try(target: RoomTarget, start: int, candidates: set[int]) -> int | None:
    """The candidate that the straight code at ``start`` has pointed at itself, both ways, where it
    has put the system time somewhere too (SOURCES 2.2)."""
    room, size = target.room, target.memory.pointer_size
    room.written.clear()
    with room.undone() as keep:
        try:
            _run_straight(target, start)
        except Stopped:
            return None
        places = {address for address, _ in room.written}
        if not any(room.unsigned(each, 8) == BOOT_TIME for each in places):
            return None
        for head in candidates.intersection(places):
            if head + size in places and room.pointer(head) == room.pointer(head + size) == head:
                keep()
                return head
    return None
