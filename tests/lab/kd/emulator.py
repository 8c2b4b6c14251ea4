"""A processor with its page tables on, and its hardware breakpoints."""

from __future__ import annotations

from typing import Any

from unicorn import UC_ARCH_X86, UC_HOOK_CODE, UC_MODE_32, UC_MODE_64, Uc, x86_const

from .registers import DebugRegisters

__all__ = ["HardwareBreakpoints", "new_emulator"]

_EFER = 0xC0000080
# EFER (SCE, LME, LMA, NXE; x86: NXE), CR4, CR0 as Windows has them; x86 with PAE.
_MODES = {
    UC_MODE_64: (0xD01, 0x350EF8, 0x80050033),
    UC_MODE_32: (0x800, 0x6F9, 0x80010031),
}


def new_emulator(directory: int, mode: int = UC_MODE_64) -> Uc:
    """A processor whose page tables are at the physical address ``directory``.

    The memory is put in afterwards.
    """
    efer, cr4, cr0 = _MODES[mode]
    emulator = Uc(UC_ARCH_X86, mode)
    emulator.reg_write(x86_const.UC_X86_REG_MSR, (_EFER, efer))
    emulator.reg_write(x86_const.UC_X86_REG_CR3, directory)
    emulator.reg_write(x86_const.UC_X86_REG_CR4, cr4)
    emulator.reg_write(x86_const.UC_X86_REG_CR0, cr0)
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
