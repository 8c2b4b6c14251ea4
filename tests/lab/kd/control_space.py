"""What a debugger reads and writes as a processor's control space.

x64: by numbers (KPCR, KPRCB, special registers, KTHREAD); x86: the KPROCESSOR_STATE by offsets,
which is the CONTEXT with the KSPECIAL_REGISTERS behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .machine import Machine
from .processors import Processor

__all__ = ["ControlSpace"]

_PCR, _PRCB, _SPECIAL_REGISTERS, _THREAD = range(4)


class ControlSpace:
    """``special_registers``: the KSPECIAL_REGISTERS of every processor, as they were built."""

    def __init__(self, machine: Machine, special_registers: Sequence[bytes]) -> None:
        self._machine = machine
        self._special = special_registers
        self._by_offset = machine.architecture.name == "x86"

    def read(self, processor: Processor, what: int, size: int) -> bytes:
        """As many bytes as there are."""
        if self._by_offset:
            return self._state(processor)[what : what + size]
        architecture = self._machine.architecture
        pointers = {
            _PCR: processor.pcr,
            _PRCB: processor.pcr + architecture.prcb,
            _THREAD: processor.current.ethread,
        }
        if what == _SPECIAL_REGISTERS:
            return self._special_registers(processor)[:size]
        return pointers[what].to_bytes(8, "little")[:size] if what in pointers else b""

    def write(self, processor: Processor, what: int, data: bytes) -> bool:
        """Whether it could be; of the special registers the debug registers alone change."""
        layout = self._machine.architecture.context
        if not self._by_offset and what != _SPECIAL_REGISTERS:
            return False
        state = bytearray(self._state(processor))
        start = what if self._by_offset else layout.size
        if start + len(data) > len(state):
            return False
        state[start : start + len(data)] = data
        self._machine.set_context(processor, bytes(state[: layout.size]))
        place = layout.size + self._machine.architecture.debug_registers
        processor.debug = layout.unpack_debug(bytes(state), place)
        return True

    def _state(self, processor: Processor) -> bytes:
        return self._machine.context(processor) + self._special_registers(processor)

    def _special_registers(self, processor: Processor) -> bytes:
        """With the debug registers as they are."""
        architecture = self._machine.architecture
        special = bytearray(self._special[processor.number])
        architecture.context.pack_debug(special, architecture.debug_registers, processor.debug)
        return bytes(special)
