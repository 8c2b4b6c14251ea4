"""A processor that is stopped before an instruction, with registers that lead to memory."""

from __future__ import annotations

from pykd_ext.target.architecture import ARCHITECTURES
from tests.support.processor import Processor

__all__ = ["CODE", "StoppedProcessor"]

CODE, _DATA = 0x82840000, 0x82850000
_NAMES = {
    "x64": ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r15", "rip", "eflags"),
    "x86": ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags"),
    "arm64": ("x0", "x1", "x2", "x19", "fp", "sp", "pc"),
}


class StoppedProcessor(Processor):
    """With the instruction ``code`` before it, at :data:`CODE`."""

    def __init__(self, architecture: str, code: bytes) -> None:
        super().__init__(architecture)
        for page in (CODE, _DATA):
            self.machine.mem_map(page, 0x1000)
        self.machine.mem_write(CODE, code.ljust(0x100, b"\x77"))
        self.machine.mem_write(_DATA, bytes(range(256)) * 16)
        for number, name in enumerate(_NAMES[architecture]):
            if name != "eflags":
                self.set_registers({name: _DATA + 0x80 * (number + 1)})
        if architecture == "x64":
            self.set_registers({"rcx": 0xFFFF0000, "r15": 0x80, "efl": 0x8D7})
        self.set_registers({ARCHITECTURES[architecture].program_counter: CODE})

    def state(self) -> tuple[dict[str, int], bytes]:
        registers = {name: self.register(name) for name in _NAMES[self.architecture]}
        return registers, self.read(_DATA, 0x1000)
