"""What varies by architecture in the closed room: one record each."""

from __future__ import annotations

from typing import NamedTuple

from unicorn import (
    UC_ARCH_ARM64,
    UC_ARCH_X86,
    UC_MODE_32,
    UC_MODE_64,
    UC_MODE_ARM,
    arm64_const,
    x86_const,
)

__all__ = ["PROCESSORS", "Processor"]

_X86 = {
    name[len("UC_X86_REG_") :].lower(): value
    for name, value in vars(x86_const).items()
    if name.startswith("UC_X86_REG_")
}
_ARM64 = {
    name[len("UC_ARM64_REG_") :].lower(): value
    for name, value in vars(arm64_const).items()
    if name.startswith("UC_ARM64_REG_")
}
_ARM64.update(fp=_ARM64["x29"], lr=_ARM64["x30"])


class Processor(NamedTuple):
    """Registers by WinDbg's names, and where the room's things lie.

    ``current_thread``: its offset in the KPCR, as of Windows' public symbols; ``list_heads``: the
    range of a KTHREAD that holds the heads of its APC lists, whichever build's. ``zero_call`` is
    the code that returns zero, ``dispatch`` what Control Flow Guard's dispatcher comes
    down to, a jump to its target.
    """

    engine: tuple[int, int]  # Unicorn's architecture and mode
    registers: dict[str, int]
    general: tuple[str, ...]
    current_thread: int
    list_heads: range
    places: int  # where the room's own regions begin
    processor_block: int  # the KPCR
    shared_data: int  # KUSER_SHARED_DATA
    zero_call: bytes
    check: bytes
    dispatch: bytes


PROCESSORS = {
    "x64": Processor(
        (UC_ARCH_X86, UC_MODE_64), _X86,
        ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{each}" for each in range(8, 16))),
        0x188, range(0x10, 0x100, 8),
        0xFFFFE10A_20000000, 0xFFFFE10A_40000000, 0xFFFFF780_00000000,
        bytes.fromhex("31c0c3"), bytes.fromhex("c3"), bytes.fromhex("ffe0"),
    ),
    "x86": Processor(
        (UC_ARCH_X86, UC_MODE_32), _X86, ("eax", "ebx", "ecx", "edx", "esi", "edi"),
        0x124, range(0x10, 0x80, 4),
        0x95000000, 0xFFDFF000, 0xFFDF0000,
        bytes.fromhex("31c0c3"), bytes.fromhex("c3"), bytes.fromhex("ffe0"),
    ),
    "arm64": Processor(
        (UC_ARCH_ARM64, UC_MODE_ARM), _ARM64,
        tuple(f"x{each}" for each in range(29) if each != 18),
        0x988, range(0x10, 0x100, 8),
        0xFFFFE10A_20000000, 0xFFFFE10A_40000000, 0xFFFFF780_00000000,
        bytes.fromhex("000080d2c0035fd6"), bytes.fromhex("c0035fd6"), bytes.fromhex("20011fd6"),
    ),
}  # fmt: skip
