"""What a machine stops for, or tells."""

from __future__ import annotations

from typing import NamedTuple, Union

__all__ = ["ACCESS_VIOLATION", "BREAKPOINT", "ILLEGAL_INSTRUCTION", "SINGLE_STEP", "Event",
           "Raised", "Said", "Symbols"]  # fmt: skip

# ntstatus.h, STATUS_*
BREAKPOINT, SINGLE_STEP, ACCESS_VIOLATION = 0x80000003, 0x80000004, 0xC0000005
ILLEGAL_INSTRUCTION = 0xC000001D


class Raised(NamedTuple):
    """An exception for the debugger."""

    code: int
    address: int
    parameters: tuple[int, ...] = ()


class Said(NamedTuple):
    """DbgPrint."""

    text: bytes


class Symbols(NamedTuple):
    """An image was loaded, or is about to go; without one the machine is about to reboot."""

    path: bytes
    base: int
    process: int
    checksum: int
    size: int
    unload: bool

    @property
    def is_reboot(self) -> bool:
        return self.unload and not self.path


Event = Union[Raised, Said, Symbols]
