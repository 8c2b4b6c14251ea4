"""What differs between the processors of a live lab: a row each."""

from __future__ import annotations

from typing import NamedTuple

from unicorn import UC_MODE_32, UC_MODE_64, x86_const

from .registers import X64_CONTEXT, X86_CONTEXT, ContextLayout

__all__ = ["ARCHITECTURES", "Architecture"]


class Architecture(NamedTuple):
    """``counter`` to ``service`` are Unicorn's numbers of registers; ``service`` are those of
    int 2Dh: which one, and its two arguments.

    ``prcb`` and ``current_thread``: offsets in the KPCR. ``debug_registers``: of Dr0 to Dr3, Dr6
    and Dr7 in the KSPECIAL_REGISTERS. ``control_set``: the DBGKD_CONTROL_SET of a continue, of
    which Dr7 is the last.
    """

    name: str
    pointer_size: int
    mode: int
    counter: int
    stack: int
    service: tuple[int, int, int]
    context: ContextLayout
    prcb: int
    current_thread: int
    debug_registers: int
    control_set: str

    def address(self, value: int) -> int:
        """A VA as a debugger names it, in 64 bits."""
        return value & (1 << 8 * self.pointer_size) - 1

    def extended(self, address: int) -> int:
        """The VA for a field of 64 bits: those of 32 bits are sign-extended."""
        if self.pointer_size == 4 and address & 0x8000_0000:
            return address | 0xFFFFFFFF_00000000
        return address


_X64 = Architecture(
    "x64", 8, UC_MODE_64, x86_const.UC_X86_REG_RIP, x86_const.UC_X86_REG_RSP,
    (x86_const.UC_X86_REG_EAX, x86_const.UC_X86_REG_RCX, x86_const.UC_X86_REG_RDX),
    X64_CONTEXT, prcb=0x180, current_thread=0x188, debug_registers=0x20, control_set="<IQ",
)  # fmt: skip
_X86 = Architecture(
    "x86", 4, UC_MODE_32, x86_const.UC_X86_REG_EIP, x86_const.UC_X86_REG_ESP,
    (x86_const.UC_X86_REG_EAX, x86_const.UC_X86_REG_ECX, x86_const.UC_X86_REG_EDX),
    X86_CONTEXT, prcb=0x120, current_thread=0x124, debug_registers=0x10, control_set="<II",
)  # fmt: skip

ARCHITECTURES = {each.name: each for each in (_X64, _X86)}
