"""A processor in 64-bit mode, and its hardware breakpoints."""

from __future__ import annotations

from typing import Any

from unicorn import UC_ARCH_X86, UC_HOOK_CODE, UC_MODE_64, Uc, x86_const

from .registers import DebugRegisters

__all__ = ["HardwareBreakpoints", "new_emulator"]

_EFER, _KERNEL_EFER = 0xC0000080, 0xD01  # SCE, LME, LMA, NXE
_CR0, _CR4 = 0x80050033, 0x350EF8


def new_emulator(directory: int) -> Uc:
    """A processor whose page tables are at the physical address ``directory``.

    The memory is put in afterwards.
    """
    emulator = Uc(UC_ARCH_X86, UC_MODE_64)
    emulator.reg_write(x86_const.UC_X86_REG_MSR, (_EFER, _KERNEL_EFER))
    emulator.reg_write(x86_const.UC_X86_REG_CR3, directory)
    emulator.reg_write(x86_const.UC_X86_REG_CR4, _CR4)
    emulator.reg_write(x86_const.UC_X86_REG_CR0, _CR0)
    return emulator


class HardwareBreakpoints:
    """Stops the emulator before an instruction that the debug registers name.

    ``hit`` is the index of the register after such a stop, otherwise None.
    """

    def __init__(self, emulator: Uc) -> None:
        self.hit: int | None = None
        self._emulator = emulator
        self._resumed_at: int | None = None
        self._hooks: list[Any] = []
        self._armed: tuple[tuple[int, int], ...] = ()

    def arm(self, debug: DebugRegisters, counter: int) -> None:
        """Before a start at ``counter``, where it does not stop again."""
        self.hit = None
        self._resumed_at = counter
        wanted = debug.execution_breakpoints()
        if wanted == self._armed:
            return
        for hook in self._hooks:
            self._emulator.hook_del(hook)
        self._hooks = [
            self._emulator.hook_add(UC_HOOK_CODE, self._on_instruction, index, address, address)
            for index, address in wanted
        ]
        self._armed = wanted
        self._emulator.ctl_flush_tb()

    def _on_instruction(self, emulator: Uc, address: int, _size: int, index: int) -> None:
        if address != self._resumed_at:
            self.hit = index
            emulator.emu_stop()
        self._resumed_at = None
