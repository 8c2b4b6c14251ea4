"""The first instructions of a function, through capstone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Instruction", "disassemble"]

_LONGEST = 15  # bytes of an x86 instruction


class Instruction(NamedTuple):
    """One machine instruction; ``target`` is where a direct call or jump goes, a VA."""

    address: int
    code: bytes
    text: str
    target: int | None


def disassemble(target: Target, address: int, count: int) -> list[Instruction]:
    """Up to ``count`` instructions from the VA ``address`` on.

    Fewer where the bytes are no code, or the next page is not there; raises MemoryUnreadable when
    the first page is not.
    """
    import capstone  # noqa: PLC0415 - 30 ms that only this function needs

    mode = {
        "x64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
        "x86": (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
        "arm64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
    }[target.architecture]
    engine = capstone.Cs(*mode)
    engine.detail = True
    return [
        Instruction(
            address=each.address,
            code=bytes(each.bytes),
            text=f"{each.mnemonic} {each.op_str}".strip(),
            target=_branch_target(each, capstone, 8 * target.memory.pointer_size),
        )
        for each in engine.disasm(_code(target, address, count * _LONGEST), address, count)
    ]


def _code(target: Target, address: int, size: int) -> bytes:
    first = min(size, PAGE - address % PAGE)
    code = target.memory.read(address, first)
    try:
        return code + target.memory.read(address + first, size - first)
    except MemoryUnreadable:
        return code


def _branch_target(instruction: Any, capstone: Any, bits: int) -> int | None:
    """The immediate operand of a call or jump, which capstone gives as a signed number."""
    if not any(instruction.group(each) for each in (capstone.CS_GRP_CALL, capstone.CS_GRP_JUMP)):
        return None
    immediates = [each.imm for each in instruction.operands if each.type == capstone.CS_OP_IMM]
    return immediates[-1] & ((1 << bits) - 1) if immediates else None
