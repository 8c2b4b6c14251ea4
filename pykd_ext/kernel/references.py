"""Which data a function and those that it calls refer to, by disassembly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..target.errors import MemoryUnreadable

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Reference", "data_references"]

_FUNCTIONS = 64
_BYTES = 0x800  # of one function
_CHUNK = 0x100
_32_BITS = 0xFFFF_FFFF
_64_BITS = (1 << 64) - 1


class Reference(NamedTuple):
    """An instruction names the VA ``address``. ``use`` is ``address`` (it is taken), ``read`` or
    ``change``; ``size`` is that of the operand in bytes, 0 where it is only taken."""

    address: int
    use: str
    size: int


def data_references(target: Target, starts: Iterable[int], low: int, high: int) -> list[Reference]:
    """What the functions at ``starts`` refer to from ``low`` to ``high``, in the order of the code;
    calls are followed two deep, within the same range. Pages that are not there are passed over."""
    reader = _Reader(target, low, high)
    found: dict[Reference, None] = {}
    waiting = [(start, 2) for start in starts]
    seen: set[int] = set()
    while waiting and len(seen) < _FUNCTIONS:
        start, depth = waiting.pop(0)
        if start in seen:
            continue
        seen.add(start)
        calls: list[int] = []
        found.update(dict.fromkeys(reader.references(start, calls)))
        if depth:
            waiting += [(each, depth - 1) for each in calls if low <= each < high]
    return list(found)


class _Reader:
    """Capstone for one target."""

    def __init__(self, target: Target, low: int, high: int) -> None:
        import capstone  # noqa: PLC0415 - 30 ms that a target with symbols never needs

        self._capstone = capstone
        self._target = target
        self._low, self._high = low, high
        self._is_arm = target.architecture == "arm64"
        mode = {
            "x64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
            "x86": (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
            "arm64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
        }[target.architecture]
        self._engine = capstone.Cs(*mode)
        self._engine.detail = True

    def references(self, start: int, calls: list[int]) -> Iterator[Reference]:
        """Of one function, whose direct calls and far jumps are appended to ``calls``."""
        pages: dict[int, int] = {}  # ARM64: what an adrp, or an add to it, has put into a register
        for instruction in self._function(start, calls):
            if self._is_arm:
                yield from self._of_arm(instruction, pages)
            else:
                yield from self._of_intel(instruction)

    def _function(self, start: int, calls: list[int]) -> Iterator[Any]:
        """Up to the return that no branch leads beyond."""
        groups = self._capstone
        furthest = start
        for instruction in self._linear(start):
            if instruction.mnemonic in ("int3", "brk", "udf"):
                return
            yield instruction
            leads = self._immediate(instruction)
            if instruction.group(groups.CS_GRP_CALL) or instruction.mnemonic == "bl":
                if leads is not None:
                    calls.append(leads)
                continue
            ends = instruction.mnemonic in ("jmp", "b", "br")
            if leads is not None and (ends or instruction.group(groups.CS_GRP_JUMP)):
                if start <= leads < start + _BYTES:
                    furthest = max(furthest, leads)
                else:
                    calls.append(leads)
            ends = ends or instruction.group(groups.CS_GRP_RET)
            if ends and instruction.address >= furthest:
                return

    def _linear(self, start: int) -> Iterator[Any]:
        address = start
        while address < start + _BYTES:
            try:
                code = self._target.memory.read(address, _CHUNK)
            except MemoryUnreadable:
                return
            last = address
            for instruction in self._engine.disasm(code, address):
                if instruction.address - address > _CHUNK - 16:
                    break  # it may be cut off
                yield instruction
                last = instruction.address + instruction.size
            if last == address:
                return
            address = last

    def _immediate(self, instruction: Any) -> int | None:
        mask = (1 << 8 * self._target.memory.pointer_size) - 1
        found = [each.imm & mask for each in instruction.operands if each.type == 2]  # CS_OP_IMM
        return found[-1] if found else None

    def _of_intel(self, instruction: Any) -> Iterator[Reference]:
        x86 = self._capstone.x86
        is_32_bit = self._target.architecture == "x86"
        for operand in instruction.operands:
            if operand.type == x86.X86_OP_MEM and operand.mem.base == x86.X86_REG_RIP:
                address = instruction.address + instruction.size + operand.mem.disp
                taken = instruction.mnemonic == "lea"
                yield from self._reference(address, operand.size, taken, operand.access)
            elif operand.type == x86.X86_OP_MEM and is_32_bit:
                indexed = bool(operand.mem.base or operand.mem.index)  # an element of an array
                address = operand.mem.disp & _32_BITS
                taken = indexed or instruction.mnemonic == "lea"
                yield from self._reference(address, operand.size, taken, operand.access)
            elif operand.type == x86.X86_OP_IMM and is_32_bit:
                yield from self._reference(operand.imm & _32_BITS, 0, True, 0)

    def _of_arm(self, instruction: Any, pages: dict[int, int]) -> Iterator[Reference]:
        arm = self._capstone.arm64
        operands = instruction.operands
        name = instruction.mnemonic
        if name == "adrp":
            pages[operands[0].reg] = operands[1].imm & _64_BITS
            return
        adds = name == "add" and len(operands) == 3 and operands[2].type == arm.ARM64_OP_IMM
        if adds and operands[1].reg in pages:
            address = pages[operands[1].reg] + operands[2].imm
            pages[operands[0].reg] = address
            yield from self._reference(address, 0, True, 0)
            return
        for operand in operands:
            if operand.type == arm.ARM64_OP_MEM and operand.mem.base in pages:
                stores = name.startswith(("st", "ldadd", "swp", "cas"))
                size = 4 if "w" in instruction.op_str.partition(",")[0] else 8
                access = self._capstone.CS_AC_WRITE if stores else 0
                address = pages[operand.mem.base] + operand.mem.disp
                yield from self._reference(address, size, False, access)
        for operand in operands:
            written = operand.type == arm.ARM64_OP_REG and operand.access & 2  # CS_AC_WRITE
            if written and not name.startswith("st"):
                pages.pop(operand.reg, None)

    def _reference(self, address: int, size: int, taken: bool, access: int) -> Iterator[Reference]:
        if not self._low <= address < self._high:
            return
        if taken:
            yield Reference(address, "address", 0)
        else:
            changes = access & self._capstone.CS_AC_WRITE
            yield Reference(address, "change" if changes else "read", size)
