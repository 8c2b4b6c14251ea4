"""The x64 CONTEXT, as a debugger reads and writes it (winnt.h)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from unicorn import Uc, x86_const

__all__ = ["CONTEXT_SIZE", "SEGMENTS", "DebugRegisters", "context_of", "set_context"]

CONTEXT_SIZE = 0x4D0
_FLAGS = 0x10001F  # CONTEXT_ALL
_MXCSR, _FCW = 0x1F80, 0x27F
_CONTEXT_FLAGS, _SEGMENTS, _EFLAGS, _DEBUG, _INTEGERS = 0x30, 0x38, 0x44, 0x48, 0x78
_FLOATING = 0x100
SEGMENTS = (0x10, 0x2B, 0x2B, 0x53, 0x2B, 0x18)  # KGDT64_R0_CODE and so on: Cs Ds Es Fs Gs Ss
_TRAP_FLAG = 0x100
_IN_ORDER = (
    "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
    "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "RIP",
)  # fmt: skip
_NUMBERS = [getattr(x86_const, f"UC_X86_REG_{name}") for name in _IN_ORDER]


class DebugRegisters(NamedTuple):
    """Dr0 to Dr3, Dr6, Dr7, in the order of CONTEXT."""

    addresses: tuple[int, int, int, int] = (0, 0, 0, 0)
    dr6: int = 0xFFFF0FF0
    dr7: int = 0x400

    def execution_breakpoints(self) -> tuple[tuple[int, int], ...]:
        """(index, address) of those that Dr7 enables; this machine has none on data."""
        return tuple(
            (index, address)
            for index, address in enumerate(self.addresses)
            if self.dr7 >> 2 * index & 3 and not self.dr7 >> 16 + 4 * index & 3
        )


def context_of(emulator: Uc, debug: DebugRegisters) -> bytes:
    """The CONTEXT of the processor that the emulator is."""
    context = bytearray(CONTEXT_SIZE)
    struct.pack_into("<II", context, _CONTEXT_FLAGS, _FLAGS, _MXCSR)
    struct.pack_into("<6H", context, _SEGMENTS, *SEGMENTS)
    flags = emulator.reg_read(x86_const.UC_X86_REG_EFLAGS) & 0xFFFFFFFF
    struct.pack_into("<I", context, _EFLAGS, flags)
    struct.pack_into("<6Q", context, _DEBUG, *debug.addresses, debug.dr6, debug.dr7)
    values = [emulator.reg_read(number) for number in _NUMBERS]
    struct.pack_into(f"<{len(values)}Q", context, _INTEGERS, *values)
    struct.pack_into("<H", context, _FLOATING, _FCW)
    struct.pack_into("<II", context, _FLOATING + 0x18, _MXCSR, 0xFFFF)
    return bytes(context)


def set_context(emulator: Uc, context: bytes) -> DebugRegisters:
    """Gives the processor the registers of a CONTEXT; the debug registers in it."""
    values = struct.unpack_from(f"<{len(_NUMBERS)}Q", context, _INTEGERS)
    for number, value in zip(_NUMBERS, values):
        emulator.reg_write(number, value)
    flags = struct.unpack_from("<I", context, _EFLAGS)[0]
    emulator.reg_write(x86_const.UC_X86_REG_EFLAGS, flags & ~_TRAP_FLAG)
    *addresses, dr6, dr7 = struct.unpack_from("<6Q", context, _DEBUG)
    return DebugRegisters(tuple(addresses), dr6, dr7)
