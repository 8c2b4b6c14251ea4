"""Code that does nothing, or leads away: what a patch at the start of a function looks like.

Patterns: SOURCES 7.1, from the public tools that write them. Matched on disassembly, since the same
instruction has several encodings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..kernel.code import Instruction

__all__ = ["Stub", "find_stub"]


class Stub(NamedTuple):
    """What the first instructions do instead of the function's work.

    ``kind`` is ``returns``, ``jumps`` or ``traps``; ``text`` shows the instructions, which end at
    the VA ``end``. A jump leads to the VA ``destination``, or to what the VA ``pointer`` holds;
    both None where a register that was not set here decides.
    """

    kind: str
    text: str
    end: int
    destination: int | None = None
    pointer: int | None = None


# Ways to begin that are no patch: CET and pointer authentication marks, hotpatch padding.
_NOTHING = re.compile(r"(endbr(32|64)|nop.*|mov edi, edi|pacibsp|paciasp|bti.*|hint.*)")

_CLEARS = re.compile(r"(xor|sub) (eax, eax|rax, rax|w0, w0, w0|x0, x0, x0)|eor (w0|x0), .*")
_SETS = re.compile(r"mov[a-z]* (eax|rax|w0|x0), (#?-?(0x)?[0-9a-f]+|[wx]zr)")
_UPPER_HALF = re.compile(r"movk (w0|x0), .*")  # of a status that one mov cannot hold
_RETURNS = re.compile(r"ret.*|bx lr")
_TRAPS = re.compile(r"int3|int 3|brk.*|ud2")
_JUMPS = re.compile(r"(jmp|b) #?0x[0-9a-f]+")
_JUMPS_BY_POINTER = re.compile(
    r"jmp [dq]word ptr \[(?P<base>rip)?(?: (?P<sign>[+-]) )?(?P<number>0x[0-9a-f]+|[0-9])?\]"
)
_LOADS = re.compile(r"(movabs|mov) (?P<register>r[a-z0-9]+|e[a-z]+), (?P<number>0x[0-9a-f]+)")
_LOADS_LITERAL = re.compile(r"ldr (?P<register>x1[67]), #(?P<number>0x[0-9a-f]+)")
_JUMPS_BY_REGISTER = re.compile(r"(jmp|br|blr) (?P<register>[a-z0-9]+)")
_PUSHES = re.compile(r"push (?P<number>0x[0-9a-f]+)")


def find_stub(instructions: Sequence[Instruction]) -> Stub | None:
    """The stub that a function begins with, None for one that begins to work."""
    code = list(instructions)
    while code and _NOTHING.fullmatch(code[0].text):
        code.pop(0)
    sets = code and _SETS.fullmatch(code[0].text)
    if sets and len(code) > 1 and _UPPER_HALF.fullmatch(code[1].text):
        code.pop(1)
    return _of_one(code[:1]) or _of_two(code[:2])


def _stub(
    kind: str,
    code: Sequence[Instruction],
    destination: int | None = None,
    pointer: int | None = None,
) -> Stub:
    last = code[-1]
    text = "; ".join(each.text for each in code)
    return Stub(kind, text, last.address + len(last.code), destination, pointer)


def _of_one(code: Sequence[Instruction]) -> Stub | None:
    if not code:
        return None
    text = code[0].text
    if _RETURNS.fullmatch(text):
        return _stub("returns", code)
    if _TRAPS.fullmatch(text):
        return _stub("traps", code)
    if _JUMPS.fullmatch(text):
        return _stub("jumps", code, destination=code[0].target)
    by_pointer = _JUMPS_BY_POINTER.fullmatch(text)
    if by_pointer:
        pointer = int(by_pointer["number"] or "0", 16)
        if by_pointer["base"]:
            offset = -pointer if by_pointer["sign"] == "-" else pointer
            pointer = code[0].address + len(code[0].code) + offset
        return _stub("jumps", code, pointer=pointer)
    return None


def _of_two(code: Sequence[Instruction]) -> Stub | None:
    if len(code) < 2:
        return None
    first, second = (each.text for each in code)
    if _RETURNS.fullmatch(second):
        pushed = _PUSHES.fullmatch(first)
        if pushed:
            return _stub("jumps", code, destination=int(pushed["number"], 16))
        if _CLEARS.fullmatch(first) or _SETS.fullmatch(first):
            return _stub("returns", code)
    jump = _JUMPS_BY_REGISTER.fullmatch(second)
    loaded = _LOADS.fullmatch(first)
    if jump and loaded and jump["register"] == loaded["register"]:
        return _stub("jumps", code, destination=int(loaded["number"], 16))
    literal = _LOADS_LITERAL.fullmatch(first)
    if jump and literal and jump["register"] == literal["register"]:
        return _stub("jumps", code, pointer=int(literal["number"], 16))
    return None
