"""The CONTEXT of x64 and x86, as a debugger reads and writes it (winnt.h)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from unicorn import Uc, x86_const

__all__ = ["X64_CONTEXT", "X86_CONTEXT", "ContextLayout", "DebugRegisters", "context_of",
           "set_context"]  # fmt: skip

_TRAP_FLAG = 0x100
_MXCSR, _FCW = 0x1F80, 0x27F


class ContextLayout(NamedTuple):
    """Offsets in bytes. ``registers``: by name; ``debug``: of Dr0 to Dr3, Dr6 and Dr7.

    ``segments``: Cs, Ds, Es, Fs as they always are; ``constants``: (offset, format, values) of
    these and of whatever else does not change.
    """

    size: int
    pointer_size: int
    flags: int  # EFLAGS
    debug: int
    registers: dict[str, int]
    segments: tuple[int, int, int, int]
    constants: tuple[tuple[int, str, tuple[int, ...]], ...]

    def pack_debug(self, data: bytearray, offset: int, debug: DebugRegisters) -> None:
        """Writes them to a structure that has them at ``offset``."""
        values = (*debug.addresses, debug.dr6, debug.dr7)
        struct.pack_into(self._debug_format, data, offset, *values)

    def unpack_debug(self, data: bytes, offset: int) -> DebugRegisters:
        """Reads them."""
        first, second, third, fourth, dr6, dr7 = struct.unpack_from(
            self._debug_format, data, offset
        )
        return DebugRegisters((first, second, third, fourth), dr6, dr7)

    @property
    def _debug_format(self) -> str:
        return "<6Q" if self.pointer_size == 8 else "<6I"


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


_X64_NAMES = (
    "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
    "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "RIP",
)  # fmt: skip
X64_CONTEXT = ContextLayout(
    0x4D0, 8, 0x44, 0x48,
    {name: 0x78 + 8 * index for index, name in enumerate(_X64_NAMES)},
    (0x10, 0x2B, 0x2B, 0x53),  # KGDT64_R0_CODE and so on
    (
        (0x30, "<II", (0x10001F, _MXCSR)),  # CONTEXT_ALL
        (0x38, "<6H", (0x10, 0x2B, 0x2B, 0x53, 0x2B, 0x18)),
        (0x100, "<H", (_FCW,)),
        (0x118, "<II", (_MXCSR, 0xFFFF)),
    ),
)  # fmt: skip
X86_CONTEXT = ContextLayout(
    0x2CC, 4, 0xC0, 0x04,
    {"EDI": 0x9C, "ESI": 0xA0, "EBX": 0xA4, "EDX": 0xA8, "ECX": 0xAC, "EAX": 0xB0, "EBP": 0xB4,
     "EIP": 0xB8, "ESP": 0xC4},
    (0x08, 0x23, 0x23, 0x30),  # KGDT_R0_CODE and so on
    (
        (0x00, "<I", (0x1003F,)),  # CONTEXT_ALL
        (0x1C, "<3I", (_FCW, 0, 0xFFFF)),
        (0x8C, "<4I", (0, 0x30, 0x23, 0x23)),  # Gs Fs Es Ds
        (0xBC, "<I", (0x08,)),
        (0xC8, "<I", (0x10,)),
    ),
)  # fmt: skip


def context_of(emulator: Uc, layout: ContextLayout, debug: DebugRegisters) -> bytes:
    """The CONTEXT of the processor that the emulator is."""
    context = bytearray(layout.size)
    for offset, how, values in layout.constants:
        struct.pack_into(how, context, offset, *values)
    flags = emulator.reg_read(x86_const.UC_X86_REG_EFLAGS) & 0xFFFFFFFF
    struct.pack_into("<I", context, layout.flags, flags)
    layout.pack_debug(context, layout.debug, debug)
    for name, offset in layout.registers.items():
        value = emulator.reg_read(_number(name)).to_bytes(layout.pointer_size, "little")
        context[offset : offset + layout.pointer_size] = value
    return bytes(context)


def set_context(emulator: Uc, layout: ContextLayout, context: bytes) -> DebugRegisters:
    """Gives the processor the registers of a CONTEXT; the debug registers in it."""
    for name, offset in layout.registers.items():
        value = context[offset : offset + layout.pointer_size]
        emulator.reg_write(_number(name), int.from_bytes(value, "little"))
    flags = struct.unpack_from("<I", context, layout.flags)[0]
    emulator.reg_write(x86_const.UC_X86_REG_EFLAGS, flags & ~_TRAP_FLAG)
    return layout.unpack_debug(context, layout.debug)


def _number(name: str) -> int:
    number: int = getattr(x86_const, f"UC_X86_REG_{name}")
    return number
