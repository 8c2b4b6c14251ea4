"""What a function's first instructions give away, by its image alone: no file is compared.

A patch makes it return at once, trap, or lead out of its image. So do genuine functions; what tells
them apart is what lies behind, and where a jump takes its destination from (SOURCES 7.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Callable, NamedTuple

from ..kernel.drivers import Owner
from ..kernel.instructions import LONGEST, Instruction, decode
from ..target.errors import MemoryUnreadable
from ..target.function_table import extent_of
from ..target.image import DIRECTORY_IAT, data_directory, is_rearranged, sections
from ..target.memory import PAGE, Memory
from .padding import LONGEST_FILL, is_fill_behind
from .stubs import Stub, find_stub

__all__ = ["Code", "Verdict", "instructions_at", "judge_start"]

_INSTRUCTIONS = 6
_MOST_JUMPS = 4  # from thunk to thunk

_TINY = "a genuine function can be as short: compare it with the driver's own file"
_BREAKPOINT = "a debugger's own breakpoint looks the same: bl shows them"


class Verdict(NamedTuple):
    """What is wrong with one function's start. ``destination`` is where a jump leaves its image."""

    severity: str
    summary: str
    doubt: str | None
    destination: int | None = None


class Code(NamedTuple):
    """An image in memory, from the VA ``base`` on. ``owner`` tells whose an address is; its state
    is None where nobody knows."""

    architecture: str
    memory: Memory
    base: int
    kernel: int  # the VA of nt's image
    owner: Callable[[int], Owner]


def judge_start(code: Code, function: int) -> Verdict | None:
    """What the code at the VA ``function`` does instead of a function's work; None for one that
    begins to work. Raises MemoryUnreadable where it is paged out."""
    return _judged(code, function, _MOST_JUMPS)


def instructions_at(code: Code, address: int, count: int) -> list[Instruction]:
    """Up to ``count`` instructions; fewer where the next page is not there or they are no code.

    Raises MemoryUnreadable when the first page is not there.
    """
    size = count * LONGEST
    first = min(size, PAGE - address % PAGE)
    raw = code.memory.read(address, first)
    with suppress(MemoryUnreadable):
        raw += code.memory.read(address + first, size - first) if size > first else b""
    return list(decode(code.architecture, raw, address, count))


def _judged(code: Code, function: int, jumps_left: int) -> Verdict | None:
    instructions = instructions_at(code, function, _INSTRUCTIONS)
    stub = find_stub(instructions)
    if stub is None:
        return None
    if stub.kind == "jumps":
        return _of_jump(code, stub, jumps_left)
    if stub.kind == "traps":
        return _of_trap(code, function, stub, instructions)
    return _of_return(code, function, stub)


def _of_trap(
    code: Code, function: int, stub: Stub, instructions: Sequence[Instruction]
) -> Verdict | None:
    """DbgBreakPoint and its like are a breakpoint, a return, and nothing more."""
    behind = [each for each in instructions if each.address >= stub.end][:1]
    returns = behind and behind[0].flow == "return"
    if returns and _is_whole(code, function, behind[0].end) is not False:
        return Verdict("info", f"only traps ({stub.text})", _BREAKPOINT)
    return Verdict("medium", "begins with a breakpoint", _BREAKPOINT)


def _of_return(code: Code, function: int, stub: Stub) -> Verdict:
    whole = _is_whole(code, function, stub.end)
    if whole:
        return Verdict("info", f"only returns ({stub.text})", _TINY)
    if whole is None:
        doubt = f"Microsoft's BBT has moved this image's functions, without fill behind; {_TINY}"
        return Verdict("info", f"returns at once ({stub.text}), and code follows", doubt)
    return Verdict("high", f"returns at once ({stub.text}), and more code follows", _TINY)


def _is_whole(code: Code, function: int, end: int) -> bool | None:
    """Whether the function ends at the VA ``end``; None where nothing in its image tells."""
    try:
        extent = extent_of(code.memory, code.base, function - code.base)
    except MemoryUnreadable:
        extent = None
    if extent is not None and code.base + extent.start == function:
        return code.base + extent.end <= end
    try:
        rest = instructions_at(code, end, LONGEST_FILL)
    except MemoryUnreadable:
        return None
    if is_fill_behind(function, end, rest):
        return True
    if rest and not any(rest[0].code):
        return False  # zeros, as TelemetrySourcerer leaves them: no tool makes code of them
    try:
        return None if is_rearranged(code.memory, code.base) else False
    except MemoryUnreadable:
        return False


def _of_jump(code: Code, stub: Stub, jumps_left: int) -> Verdict | None:
    """A jump inside the image is a linker's thunk, and what it leads to is judged instead."""
    destination, kind = stub.destination, ""
    if stub.pointer is not None:
        kind = _kind_of_pointer(code, stub.pointer)
        try:
            destination = code.memory.pointer(stub.pointer)
        except MemoryUnreadable:
            destination = None
    if destination is None:
        if kind == "constant":
            return None  # paged out, and the loader's own
        return Verdict("high", "jumps to where a register or unreadable memory says", None)
    there = code.owner(destination)
    if there.state == "loaded" and there.base == code.base:
        with suppress(MemoryUnreadable):
            return _judged(code, destination, jumps_left - 1) if jumps_left else None
        return None
    return _of_way_out(code, there, destination, kind)


def _of_way_out(code: Code, there: Owner, destination: int, kind: str) -> Verdict:
    where = f"{destination:#x}, in {there.name or 'no loaded image'}"
    if there.state == "loaded" and kind:
        return _through_pointer(code, kind, there, destination, where)
    if there.state is None:
        return Verdict("info", f"jumps to {destination:#x}", "whose that is cannot be told here")
    return Verdict("high", f"jumps out of its image to {where}", None, destination)


# Where no compiler or linker has a jump's pointer, by its kind.
_HOOKS = {"code": "in code", "outside": "outside of the image"}


def _through_pointer(code: Code, kind: str, there: Owner, destination: int, where: str) -> Verdict:
    through = f"jumps through a pointer to {where}"
    if kind in _HOOKS:
        return Verdict(
            "high", f"{through}, and the pointer lies {_HOOKS[kind]}, as a hook's does", None,
            destination,
        )  # fmt: skip
    if kind == "constant" or there.base == code.kernel:
        imports = "the driver has registered a function that it imports from there"
        return Verdict("info", through, imports, destination)
    doubt = "the driver may have registered a function that it found there"
    return Verdict("low", through, doubt, destination)


def _kind_of_pointer(code: Code, pointer: int) -> str:
    """``constant`` (the loader's own: the import table, read-only data), ``code``, ``data``, or
    ``outside`` of the image."""
    owner, rva = code.owner(pointer), pointer - code.base
    if owner.state is not None and owner.base != code.base:
        return "outside"
    try:
        table, size = data_directory(code.memory, code.base, DIRECTORY_IAT)
        if table <= rva < table + size:
            return "constant"
        for section in sections(code.memory, code.base):
            if 0 <= rva - section.address < section.size:
                if section.executable:
                    return "code"
                return "data" if section.writable else "constant"
    except MemoryUnreadable:
        pass
    return "data"
