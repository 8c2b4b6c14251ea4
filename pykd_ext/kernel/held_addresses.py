"""What a function does with data, whether an instruction names its address or a register has it.

Compilers do both for the same source: ``lock xadd [rip + ...]`` on x64; ``mov eax, imm32``, ``inc
ecx``, ``lock xadd [eax], ecx`` on x86; on ARM64 adrp and add, then ldadd, or ldaxr, add and stlxr.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Union

from ..target.architecture import ARCHITECTURES
from .instructions import Immediate, Instruction, MemoryOperand, Operand, Register

__all__ = ["HeldAddresses", "Reference"]


class Reference(NamedTuple):
    """The data at the VA ``address`` is used.

    ``use`` is ``address`` (it is taken), ``read``, ``change``, ``count`` (a change that adds one or
    takes it away) or ``lock`` (a change that is made only if the value fits, or of a bit). ``size``
    is that of the operand in bytes, 0 where the address is taken.
    """

    address: int
    use: str
    size: int


class _Content(NamedTuple):
    """What lies at a VA, or with ``counted`` one more or less than that."""

    address: int
    counted: bool = False


_Value = Union[int, _Content]  # of a register

_MOVES = ("mov", "movabs", "movsxd", "movzx", "movsx")
_LOADS = ("ldr", "ldur", "ldar", "ldapr", "ldxr", "ldaxr")
_SUMS = ("add", "adds", "sub", "subs", "inc", "dec")
_ONE = (1, 0xFFFF_FFFF)  # more, or less
_LOCKS = ("bts", "btr", "btc", "cmpxchg", "xchg", "cas", "swp", "ldset", "ldclr", "stset", "stclr",
          "stxr", "stlxr")  # fmt: skip


class HeldAddresses:
    """Goes along a function's code and knows which of its registers hold an address."""

    def __init__(self, architecture: str) -> None:
        self._architecture = ARCHITECTURES[architecture]
        self._mask = self._architecture.address_mask
        self._held: dict[str, _Value] = {}

    def references(self, code: Iterable[Instruction]) -> Iterator[Reference]:
        """All of them, in the order of the code. Any number may be an address: where data lies is
        known to the caller."""
        waiting: dict[int, dict[str, _Value]] = {}  # what is held where a jump leads
        goes_on = True
        for instruction in code:
            jumped = waiting.pop(instruction.address, None)
            if jumped is not None and goes_on:
                jumped = {
                    name: each for name, each in jumped.items() if self._held.get(name) == each
                }
            if jumped is not None or not goes_on:
                self._held = jumped or {}
            yield from self._step(instruction)
            if instruction.flow == "jump" and instruction.target is not None:
                waiting.setdefault(instruction.target, dict(self._held))
            goes_on = instruction.goes_on

    def _step(self, instruction: Instruction) -> Iterator[Reference]:
        for operand in instruction.operands:
            if isinstance(operand, Immediate):
                if not instruction.flow and instruction.mnemonic != "adrp":
                    yield Reference(operand.value, "address", 0)
            elif isinstance(operand, MemoryOperand):
                yield from self._of_memory(instruction, operand)
        result = self._result(instruction)
        if isinstance(result, int) and instruction.mnemonic in _SUMS:
            yield Reference(result, "address", 0)
        changed = instruction.written
        if instruction.flow == "call":
            changed |= self._held.keys() - self._architecture.non_volatile
        for name in changed:
            self._held.pop(name, None)
        if result is not None:
            destination = instruction.operands[0]
            assert isinstance(destination, Register)
            self._held[destination.name] = result

    def _of_memory(self, instruction: Instruction, operand: MemoryOperand) -> Iterator[Reference]:
        address = self._address(operand)
        if address is None and self._architecture.pointer_size == 4:  # an element of an array
            yield Reference(operand.displacement & self._mask, "address", 0)
        elif address is not None and instruction.mnemonic == "lea":
            yield Reference(address, "address", 0)
        elif address is not None:
            use = self._change(instruction, address) if operand.changed else "read"
            yield Reference(address, use, operand.size)

    def _address(self, operand: MemoryOperand) -> int | None:
        """The VA of an operand."""
        if operand.address is not None or operand.segment or operand.indexed_by:
            return operand.address
        base = self._held.get(operand.base or "")
        return (base + operand.displacement) & self._mask if isinstance(base, int) else None

    def _change(self, instruction: Instruction, address: int) -> str:
        if self._counts(instruction, address):
            return "count"
        return "lock" if instruction.mnemonic.startswith(_LOCKS) else "change"

    def _counts(self, instruction: Instruction, address: int) -> bool:
        """Whether it adds one to what is at ``address``, or takes one away."""
        name, operands = instruction.mnemonic, instruction.operands
        if name in ("inc", "dec"):
            return True
        if name in ("xadd", "add", "sub"):
            return self._may_be_one(operands[1])
        if name.startswith(("ldadd", "stadd")):
            return self._may_be_one(operands[0])
        stores = name == "mov" or name.startswith("st")
        stored = operands[1] if name == "mov" else operands[max(len(operands) - 2, 0)]
        return stores and self._value(stored) == _Content(address, True)

    def _may_be_one(self, operand: Operand) -> bool:
        value = self._value(operand)
        return not isinstance(value, int) or value & 0xFFFF_FFFF in _ONE

    def _value(self, operand: Operand) -> _Value | None:
        if isinstance(operand, Immediate):
            return operand.value
        if isinstance(operand, Register):
            return self._held.get(operand.name)
        address = self._address(operand)
        return None if address is None else _Content(address)

    def _result(self, instruction: Instruction) -> _Value | None:
        """What the instruction leaves in the register that is its first operand."""
        name, operands = instruction.mnemonic, instruction.operands
        if not operands or not isinstance(operands[0], Register):
            return None
        if (name in (*_MOVES, "adrp") or name.startswith(_LOADS)) and len(operands) == 2:
            return self._value(operands[1])
        if name == "lea" and isinstance(operands[1], MemoryOperand):
            base = self._held.get(operands[1].base or "")
            if isinstance(base, _Content) and not operands[1].indexed_by:
                return self._sum(base, operands[1].displacement)
            return self._address(operands[1])
        if name in _SUMS:
            left = self._value(operands[-2] if len(operands) > 1 else operands[0])
            right = operands[-1] if len(operands) > 1 else Immediate(1)
            if left is not None and isinstance(right, Immediate):
                return self._sum(left, right.value * (-1 if name[:3] in ("sub", "dec") else 1))
        return None

    def _sum(self, value: _Value, number: int) -> _Value:
        if isinstance(value, _Content):
            counts = not value.counted and number & 0xFFFF_FFFF in _ONE
            return _Content(value.address if counts else 0, counts)
        return (value + number) & self._mask
