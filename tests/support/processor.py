"""A processor of Unicorn as a stopped target."""

from __future__ import annotations

from collections.abc import Mapping

import unicorn
from unicorn import arm64_const, x86_const

from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.memory import Memory

__all__ = ["Processor"]

_MODES = {
    "x64": (unicorn.UC_ARCH_X86, unicorn.UC_MODE_64),
    "x86": (unicorn.UC_ARCH_X86, unicorn.UC_MODE_32),
    "arm64": (unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM),
}


class Processor:
    """Registers by the engine's names, and memory that the test maps."""

    def __init__(self, architecture: str) -> None:
        self.architecture = architecture
        self.machine = unicorn.Uc(*_MODES[architecture])
        self.memory = Memory(self)  # type: ignore[arg-type]

    def register(self, name: str) -> int:
        value: int = self.machine.reg_read(self._number(name))
        return value

    def set_registers(self, values: Mapping[str, int]) -> None:
        for name, value in values.items():
            self.machine.reg_write(self._number(name), value)

    def read(self, address: int, size: int) -> bytes:
        try:
            return bytes(self.machine.mem_read(address, size))
        except unicorn.UcError:
            raise MemoryUnreadable(address, size) from None

    def write(self, address: int, data: bytes) -> None:
        try:
            self.machine.mem_write(address, data)
        except unicorn.UcError:
            raise MemoryUnreadable(address, len(data)) from None

    def _number(self, name: str) -> int:
        is_arm = self.architecture == "arm64"
        names = arm64_const if is_arm else x86_const
        prefix = "UC_ARM64_REG_" if is_arm else "UC_X86_REG_"
        number: int = getattr(names, prefix + {"efl": "EFLAGS"}.get(name, name.upper()))
        return number
