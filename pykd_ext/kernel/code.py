"""The instructions at an address of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE
from .instructions import LONGEST, Instruction, decode

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["disassemble", "read_code"]


def disassemble(target: Target, address: int, count: int) -> list[Instruction]:
    """Up to ``count`` instructions from the VA ``address`` on.

    Fewer where the bytes are no code, or the next page is not there; raises MemoryUnreadable when
    the first page is not.
    """
    code = read_code(target, address, count * LONGEST)
    return list(decode(target.architecture, code, address, count))


def read_code(target: Target, address: int, size: int) -> bytes:
    """``size`` bytes, or as many as come before a page that is not there.

    Raises MemoryUnreadable when the first page is not.
    """
    code = target.memory.read(address, min(size, PAGE - address % PAGE))
    while len(code) < size:
        try:
            code += target.memory.read(address + len(code), min(size - len(code), PAGE))
        except MemoryUnreadable:
            break
    return code
