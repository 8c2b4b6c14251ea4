"""The registers of a thread that has not run: at a function's first instruction."""

from __future__ import annotations

from unicorn import Uc, x86_const

from .architectures import Architecture
from .memory import GuestMemory

__all__ = ["begin_thread"]

_INTERRUPTS_ON = 0x202  # EFLAGS
_HOME = 0x28  # x64: a return address and the callee's home space
_GDT, _GDT_LIMIT = 0x3C, 0x3F  # in the KPCR of x86
# KGDT_R0_CODE and so on, ntddk.h; fs is the KPCR's.
_X86_SEGMENTS = (
    (x86_const.UC_X86_REG_CS, 0x08), (x86_const.UC_X86_REG_SS, 0x10),
    (x86_const.UC_X86_REG_DS, 0x23), (x86_const.UC_X86_REG_ES, 0x23),
    (x86_const.UC_X86_REG_FS, 0x30),
)  # fmt: skip


def begin_thread(
    emulator: Uc,
    architecture: Architecture,
    memory: GuestMemory,
    pcr: int,
    start: int,
    argument: int,
    stack: int,
) -> None:
    """Lets the emulator be a thread that is to run ``start(argument)`` on the processor of ``pcr``;
    ``stack`` is the upper end of its stack."""
    if architecture.name == "x64":
        registers = {
            x86_const.UC_X86_REG_RCX: argument,
            x86_const.UC_X86_REG_GS_BASE: pcr,
        }
        stack -= _HOME
    else:
        registers = {x86_const.UC_X86_REG_EBP: 0}
        table = memory.unsigned(pcr + _GDT, 4)
        emulator.reg_write(x86_const.UC_X86_REG_GDTR, (0, table, _GDT_LIMIT, 0))
        for register, selector in _X86_SEGMENTS:
            emulator.reg_write(register, selector)
        stack -= 0x10  # a return address, and the argument (__cdecl)
        memory.write_unsigned(stack + 4, 4, argument)
    registers[architecture.counter] = start
    registers[architecture.stack] = stack
    registers[x86_const.UC_X86_REG_EFLAGS] = _INTERRUPTS_ON
    for register, value in registers.items():
        emulator.reg_write(register, value)
