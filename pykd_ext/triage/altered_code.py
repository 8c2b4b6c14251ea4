"""Where a function in memory is not what its driver's own file has.

What the loader itself rewrites is passed over: relocations (the file is relocated first), and the
sites of indirect calls and jumps, which import optimisation and retpolines turn into others
(IMAGE_DYNAMIC_RELOCATION_TABLE of winnt.h: symbols 3 to 5; SOURCES 7.2). A site must still lead
into a loaded image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, decode
from ..target.errors import MemoryUnreadable
from ..target.function_table import extent_of
from ..target.memory import PAGE
from .starts import Code

__all__ = ["MOST_COMPARED", "Difference", "first_difference", "length_of"]

MOST_COMPARED = 0x4000  # bytes of a function
_SHOWN = 8  # bytes of either side
_LONGEST_SITE = 16  # bytes that the loader rewrites: the call, and nops behind it


class Difference(NamedTuple):
    """At the VA ``address`` the file has ``expected``, memory ``found``: some bytes from there on.
    ``bytes_changed`` of the function differ."""

    address: int
    expected: bytes
    found: bytes
    bytes_changed: int


def length_of(code: Code, function: int, filed: bytes) -> int:
    """The bytes of the function at the VA ``function``, whose file has ``filed`` from there on: as
    .pdata says, else up to the return that no branch in it leads beyond."""
    try:
        extent = extent_of(code.memory, code.base, function - code.base)
    except MemoryUnreadable:
        extent = None
    if extent is not None and code.base + extent.start == function:
        return min(extent.end - extent.start, len(filed))
    furthest = end = function
    for each in decode(code.architecture, filed, function):
        end = each.end
        if each.flow == "jump" and function <= (each.target or 0) < function + len(filed):
            furthest = max(furthest, each.target or 0)
        if not each.goes_on and end > furthest:
            break
    return end - function


def first_difference(code: Code, function: int, filed: bytes) -> Difference | None:
    """The first place where memory differs from ``filed``, the whole function as its file has it;
    pages that are not there are passed over."""
    found = _in_memory(code, function, len(filed))
    rewritten = set(_rewritten(code, function, filed, found))
    differing = [
        at
        for at, (expected, actual) in enumerate(zip(filed, found))
        if actual is not None and expected != actual and at not in rewritten
    ]
    if not differing:
        return None
    first = differing[0]
    shown = bytes(each or 0 for each in found[first : first + _SHOWN])
    return Difference(function + first, filed[first : first + _SHOWN], shown, len(differing))


def _in_memory(code: Code, address: int, size: int) -> list[int | None]:
    """A byte each, None on pages that are not there."""
    found: list[int | None] = []
    while len(found) < size:
        place = address + len(found)
        part = min(size - len(found), PAGE - place % PAGE)
        try:
            found += code.memory.read(place, part)
        except MemoryUnreadable:
            found += [None] * part
    return found


def _rewritten(code: Code, function: int, filed: bytes, found: list[int | None]) -> Iterator[int]:
    """Offsets of the bytes that the loader may have rewritten."""
    before = None
    for each in decode(code.architecture, filed, function):
        start, end = each.address - function, each.end - function
        is_padding = each.mnemonic == "nop" and before is not None and end - before <= _LONGEST_SITE
        if _is_indirect(code, each):
            now = bytes(byte or 0 for byte in found[start : start + _LONGEST_SITE])
            if _still_leads_home(code, each.address, now):
                before = start
                yield from range(start, end)
            continue
        if is_padding or _is_kernel_constant(code, each):
            yield from range(start, end)
        elif not is_padding:
            before = None


def _is_indirect(code: Code, instruction: Instruction) -> bool:
    if instruction.flow not in ("call", "jump"):
        return False
    if instruction.target is None:
        return True
    thunk = instruction.target  # _guard_dispatch_icall is called directly, and rewritten too
    try:
        raw = code.memory.read(thunk, 6)
    except MemoryUnreadable:
        return False
    there = next(decode(code.architecture, raw, thunk, 1), None)
    return there is not None and there.flow == "jump" and there.target is None


def _still_leads_home(code: Code, address: int, now: bytes) -> bool:
    """Whether the site, as memory has it, leads into a loaded image or where a register says."""
    there = next(decode(code.architecture, now, address, 1), None)
    if there is None:
        return False
    if there.flow not in ("call", "jump"):
        return there.mnemonic in ("nop", "lfence", "mov", "lea")  # a retpoline begins with these
    if there.target is not None:
        return code.owner(there.target).state in ("loaded", None)
    pointers = [each for each in there.operands if isinstance(each, MemoryOperand)]
    for pointer in pointers:
        if pointer.address is not None:
            try:
                return code.owner(code.memory.pointer(pointer.address)).state in ("loaded", None)
            except MemoryUnreadable:
                return True
    return True


def _is_kernel_constant(code: Code, instruction: Instruction) -> bool:
    """nt's own code has its page tables' addresses as numbers, which are chosen at boot where an
    address has 64 bits."""
    if code.base != code.kernel or code.memory.pointer_size == 4:
        return False
    numbers = [each.value for each in instruction.operands if isinstance(each, Immediate)]
    return instruction.mnemonic in ("mov", "movabs") and any(map(code.memory.is_kernel, numbers))
