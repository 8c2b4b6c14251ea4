"""Code that does nothing, or leads away: what a patch at the start of a function looks like.

Patterns: SOURCES 7.1, from the public tools that write them. Matched on what the instructions say,
since the same one has several encodings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, Register
from ..target.architecture import ARCHITECTURES
from ..target.fields import unsigned

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


# What does nothing: CET and pointer authentication marks, hotpatch padding, what fills a patch up.
_NOTHING = re.compile(r"(endbr(32|64)|nop.*|mov edi, edi|pacibsp|paciasp|bti.*|hint.*)")

_RESULT = {each.result for each in ARCHITECTURES.values()}
_ADDRESSES = ARCHITECTURES["arm64"].address_mask
_LITERAL_JUMPS = ("x16", "x17")  # the registers that a linker's thunk may use


def find_stub(instructions: Sequence[Instruction]) -> Stub | None:
    """The stub that a function begins with, None for one that begins to work."""
    code = [each for each in instructions if not _NOTHING.fullmatch(each.text)]
    if len(code) > 1 and _sets_result(code[0]) and _sets_upper_half(code[1]):
        code.pop(1)
    return _of_one(code[:1]) or _of_two(code[:2]) or _of_steps(code)


def _stub(
    kind: str,
    code: Sequence[Instruction],
    destination: int | None = None,
    pointer: int | None = None,
) -> Stub:
    text = "; ".join(each.text for each in code)
    return Stub(kind, text, code[-1].end, destination, pointer)


def _of_one(code: Sequence[Instruction]) -> Stub | None:
    if not code or code[0].mnemonic == "udf":  # what zeros are on ARM64: no code
        return None
    first = code[0]
    if first.flow in ("return", "trap"):
        return _stub({"return": "returns", "trap": "traps"}[first.flow], code)
    if first.flow != "jump" or first.goes_on:
        return None
    if first.target is not None:
        return _stub("jumps", code, destination=first.target)
    by = first.operands[0]
    if isinstance(by, MemoryOperand) and by.address is not None:
        return _stub("jumps", code, pointer=by.address)
    return None


def _of_two(code: Sequence[Instruction]) -> Stub | None:
    if len(code) < 2:
        return None
    first, second = code
    if second.flow == "return":
        if first.mnemonic == "push" and isinstance(first.operands[0], Immediate):
            return _stub("jumps", code, destination=first.operands[0].value)
        return _stub("returns", code) if _sets_result(first) else None
    if second.flow == "jump" and len(first.operands) == 2 and second.operands:
        register, value = first.operands
        if isinstance(register, Register) and register == second.operands[0]:
            if first.mnemonic in ("mov", "movabs") and isinstance(value, Immediate):
                return _stub("jumps", code, destination=value.value)
            if register.name in _LITERAL_JUMPS and isinstance(value, MemoryOperand):
                return _stub("jumps", code, pointer=value.address) if value.address else None
    return None


def _of_steps(code: Sequence[Instruction]) -> Stub | None:
    """A jump to what ARM64 makes in several steps, or to what a pointer there holds (Detours)."""
    end = next((number for number, each in enumerate(code) if each.flow), 0)
    if not end or code[end].mnemonic != "br":
        return None
    register, steps = code[end].operands[0], code[:end]
    if not isinstance(register, Register) or any(
        each.operands[:1] != (register,) for each in steps
    ):
        return None
    *_, place = steps[-1].operands
    if not isinstance(place, MemoryOperand):
        address = _made(steps)
        return None if address is None else _stub("jumps", code[: end + 1], destination=address)
    address = _made(steps[:-1])
    loads_there = (place.base, place.indexed_by, place.size) == (register.name, None, 8)
    if address is None or not loads_there or register.name not in _LITERAL_JUMPS:
        return None
    return _stub("jumps", code[: end + 1], pointer=address + place.displacement & _ADDRESSES)


def _made(steps: Sequence[Instruction]) -> int | None:
    """The address that ``steps`` make, None where they do anything else."""
    address: int | None = None
    for each in steps:
        value = each.operands[-1]
        if not isinstance(value, Immediate):
            return None
        if each.mnemonic in ("mov", "adr", "adrp"):
            address = value.value
        elif address is not None and each.mnemonic == "movk":
            part = 0xFFFF << 16 * (unsigned(each.code) >> 21 & 3)
            address = address & ~part | value.value
        elif (
            address is not None and each.mnemonic == "add" and each.operands[1] == each.operands[0]
        ):
            address = address + value.value & _ADDRESSES
        else:
            return None
    return address


def _sets_result(instruction: Instruction) -> bool:
    """Whether it makes the result a number that it alone knows."""
    if not instruction.operands:
        return False
    result, *values = instruction.operands
    if not isinstance(result, Register) or result.name not in _RESULT or result.size < 4:
        return False
    if instruction.mnemonic in ("xor", "sub", "eor"):
        left, right = values if len(values) == 2 else (result, *values)
        return left == right
    if instruction.mnemonic.startswith("mov"):
        value = values[0]
        is_zero = isinstance(value, Register) and value.name == "xzr"
        return is_zero or isinstance(value, Immediate)
    return False


def _sets_upper_half(instruction: Instruction) -> bool:
    """Of a status that one mov cannot hold (ARM64)."""
    return instruction.mnemonic == "movk" and instruction.operands[0] in (
        Register("x0", 4),
        Register("x0", 8),
    )
