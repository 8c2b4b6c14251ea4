"""Instructions that are done for the processor, so that a breakpoint can stay where it is.

To go on from a software breakpoint a debugger takes it out, has the processor do the one
instruction, and puts it back; meanwhile the other processors run through. What the instruction does
is known, and set instead: nothing is missed, and it costs one stop instead of two.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable

from ..kernel.instructions import Immediate, Instruction, MemoryOperand, Operand, Register
from ..target.architecture import ARCHITECTURES
from ..target.errors import RegcbError
from ..target.fields import unsigned

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["Emulation", "emulation"]

# By the flags of EFLAGS.
_ARITHMETIC = dict.fromkeys(("x64", "x86"), ("test", "cmp", "sub"))
_ADDRESSES = ("lea", "adr")
_COPIES = ("mov", "movabs", "movzx", "ldr", "str", "ldur", "stur", "ldrb", "ldrh", "strb", "strh")

_FLAGS = "efl"  # EFLAGS, as debuggers call it
_CARRY, _PARITY, _ADJUST, _ZERO, _SIGN, _OVERFLOW = 1, 4, 0x10, 0x40, 0x80, 0x800
_OF_RESULT = _CARRY | _PARITY | _ADJUST | _ZERO | _SIGN | _OVERFLOW
_GENERAL = re.compile(r"[re]([abcd]x|[sd]i|[sb]p)|r(8|9|1[0-5])|x([12]?\d|30)|fp|lr|sp|xzr")
_SECOND_BYTE = re.compile(r"\b[abcd]h\b")

Emulation = Callable[["LiveTarget"], bool]


def emulation(architecture: str, instruction: Instruction) -> Emulation | None:
    """What does ``instruction`` on a target that is stopped before it, None where it is none of
    those that can be done: copies, addresses, a push on the stack, comparisons, nothing.

    Called, it says whether it was done; the target is as it was where not.
    """
    if not all(_is_simple(each, instruction) for each in instruction.operands):
        return None
    effect = _effect(architecture, instruction)
    if effect is None:
        return None
    counter = ARCHITECTURES[architecture].program_counter

    def emulate(target: LiveTarget) -> bool:
        try:
            registers = effect(target)
            target.set_registers({**registers, counter: instruction.end})
        except RegcbError:
            return False
        return True

    return emulate


_Registers = dict[str, int]
_Effect = Callable[["LiveTarget"], _Registers]


def _effect(architecture: str, instruction: Instruction) -> _Effect | None:
    name, operands = instruction.mnemonic, instruction.operands
    first = operands[0] if operands else None
    if name == "nop":
        return lambda _: {}
    if isinstance(first, (Register, Immediate)) and name == "push":
        return _push(architecture, first)
    if first is not None and name in _ARITHMETIC.get(architecture, ()) and len(operands) == 2:
        return _arithmetic(name, first, operands[1])
    if len(operands) == 2 and not instruction.flow and name in (*_ADDRESSES, *_COPIES):
        to, source = reversed(operands) if name.startswith("st") else operands
        if instruction.written - ({to.name} if isinstance(to, Register) else set()):
            return None  # it moves the pointer that it goes by, too
        return _copy(architecture, name, to, source)
    return None


def _arithmetic(name: str, first: Operand, second: Operand) -> _Effect | None:
    if isinstance(first, Immediate) or (name == "sub" and isinstance(first, MemoryOperand)):
        return None
    if name == "test":
        return _test(first) if isinstance(first, Register) and first == second else None
    return _subtract(first, second, keeps=name == "cmp")


def _test(register: Register) -> _Effect:
    """A register's own sign, and whether it is zero (Intel SDM 2, TEST)."""
    mask = (1 << 8 * register.size) - 1

    def test(target: LiveTarget) -> _Registers:
        value = target.register(register.name) & mask
        return {_FLAGS: _flags(target, value, mask)}

    return test


def _subtract(minuend: Register | MemoryOperand, operand: Operand, keeps: bool) -> _Effect | None:
    """SUB of a whole register, or CMP (Intel SDM 2)."""
    mask = (1 << 8 * minuend.size) - 1
    if not isinstance(operand, Immediate) or (minuend.size < 4 and not keeps):
        return None
    second = operand.value & mask

    def subtract(target: LiveTarget) -> _Registers:
        first = _value(target, minuend) & mask
        value = (first - second) & mask
        flags = _flags(target, value, mask) | _CARRY * (first < second)
        flags |= (first ^ second ^ value) & _ADJUST
        flags |= _OVERFLOW * ((first ^ second) & (first ^ value) > mask >> 1)
        changed = {minuend.name: value} if isinstance(minuend, Register) and not keeps else {}
        return {_FLAGS: flags, **changed}

    return subtract


def _flags(target: LiveTarget, value: int, mask: int) -> int:
    """As a result leaves them, without carry, adjust and overflow."""
    flags = target.register(_FLAGS) & ~_OF_RESULT
    flags |= _PARITY * (bin(value & 0xFF).count("1") % 2 == 0)
    return flags | _ZERO * (value == 0) | _SIGN * (value > mask >> 1)


def _copy(architecture: str, name: str, to: Operand, source: Operand) -> _Effect | None:
    if name in _ADDRESSES:
        if not isinstance(to, Register) or not isinstance(source, MemoryOperand):
            return None
        return _load(to, lambda target: _address(target, source), architecture)
    if isinstance(to, MemoryOperand):
        return _store(to, source)
    if isinstance(to, Register):
        return _load(to, lambda target: _value(target, source), architecture)
    return None


def _load(
    register: Register, value: Callable[[LiveTarget], int], architecture: str
) -> _Effect | None:
    """A part of a register of less than four bytes leaves the rest as it is."""
    whole = ARCHITECTURES[architecture].pointer_size
    if register.size < 4:
        mask = (1 << 8 * register.size) - 1
        return lambda target: {
            register.name: target.register(register.name) & ~mask | value(target) & mask
        }
    mask = (1 << 8 * min(register.size, whole)) - 1
    return lambda target: {register.name: value(target) & mask}


def _store(place: MemoryOperand, source: Operand) -> _Effect | None:
    mask = (1 << 8 * place.size) - 1

    def store(target: LiveTarget) -> _Registers:
        data = (_value(target, source) & mask).to_bytes(place.size, "little")
        target.write(_address(target, place), data)
        return {}

    return store if place.size <= 8 else None


def _push(architecture: str, operand: Register | Immediate) -> _Effect:
    """Of a number, as much as a pointer has."""
    processor = ARCHITECTURES[architecture]
    pointer = processor.stack_pointer
    size = operand.size if isinstance(operand, Register) else processor.pointer_size

    def push(target: LiveTarget) -> _Registers:
        stack = target.register(pointer) - size & processor.address_mask
        value = _value(target, operand) & (1 << 8 * size) - 1
        target.write(stack, value.to_bytes(size, "little"))
        return {pointer: stack}

    return push


def _value(target: LiveTarget, operand: Operand) -> int:
    if isinstance(operand, Immediate):
        return operand.value
    if isinstance(operand, Register):
        whole = 0 if operand.name == "xzr" else target.register(operand.name)
        return whole & (1 << 8 * operand.size) - 1
    return unsigned(target.read(_address(target, operand), operand.size))


def _address(target: LiveTarget, operand: MemoryOperand) -> int:
    if operand.address is not None:
        return operand.address
    base = target.register(operand.base) if operand.base else 0
    mask = (1 << 8 * target.memory.pointer_size) - 1
    return (base + operand.displacement) & mask


def _is_simple(operand: Operand, instruction: Instruction) -> bool:
    """Not with an index, a segment, a control register, or the second byte of a register."""
    if isinstance(operand, MemoryOperand):
        names = [operand.base] if operand.base and operand.address is None else []
        return operand.segment is None and not operand.indexed_by and all(map(_is_general, names))
    if isinstance(operand, Register):
        return _is_general(operand.name) and not _SECOND_BYTE.search(instruction.text)
    return True


def _is_general(name: str) -> bool:
    return _GENERAL.fullmatch(name) is not None
