"""A kernel's code in an emulator, called function by function.

Where the code reaches a stub, Python answers in its place, and may call the kernel again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import unicorn
from unicorn import arm64_const, x86_const

__all__ = ["RETURN", "STUBS", "Machine"]

_INSTRUCTIONS = 1_000_000  # of one call: more is a loop

_X86, _ARM64 = x86_const.__dict__, arm64_const.__dict__
_REGISTERS: dict[str, tuple[list[int], int, int, int]] = {
    # arguments, stack, result, program counter
    "x86": ([], _X86["UC_X86_REG_ESP"], _X86["UC_X86_REG_EAX"], _X86["UC_X86_REG_EIP"]),
    "x64": (
        [_X86[f"UC_X86_REG_{name}"] for name in ("RCX", "RDX", "R8", "R9")],
        _X86["UC_X86_REG_RSP"], _X86["UC_X86_REG_RAX"], _X86["UC_X86_REG_RIP"],
    ),
    "arm64": (
        [_ARM64[f"UC_ARM64_REG_X{number}"] for number in range(8)],
        _ARM64["UC_ARM64_REG_SP"], _ARM64["UC_ARM64_REG_X0"], _ARM64["UC_ARM64_REG_PC"],
    ),
}  # fmt: skip
_LINK = _ARM64["UC_ARM64_REG_X30"]
_HOME = 0x20  # x64: the callee's home space

# Offsets from the VA that :class:`Machine` is given.
RETURN, STUBS = 0, 0x100


class Machine:
    """Calls of kernel functions. ``stubs`` is the VA of 0x1000 bytes that calls come back to, of
    which those from STUBS on stand for functions of Python's; ``stack`` an upper end.

    A subclass has put the memory in, and reads and writes it.
    """

    def __init__(self, emulator: Any, architecture: str, stubs: int, stack: int) -> None:
        self.architecture = architecture
        self.pointer_size = 4 if architecture == "x86" else 8
        self._emulator, self._stubs, self._stack = emulator, stubs, stack
        self._arguments, self._sp, self._result, self._pc = _REGISTERS[architecture]
        self._functions: dict[int, tuple[int, Callable[..., int]]] = {}
        emulator.hook_add(
            unicorn.UC_HOOK_CODE, lambda uc, *_: uc.emu_stop(), begin=stubs, end=stubs + 0xFFF
        )

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._emulator.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        self._emulator.mem_write(address, data)

    def pointer(self, address: int) -> int:
        return int.from_bytes(self.read(address, self.pointer_size), "little")

    def unsigned(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def write_pointers(self, address: int, *values: int) -> None:
        size = self.pointer_size
        self.write(address, b"".join(value.to_bytes(size, "little") for value in values))

    def write_ulong(self, address: int, value: int) -> None:
        self.write(address, value.to_bytes(4, "little"))

    def stub(self, arguments: int, function: Callable[..., int]) -> int:
        """The VA of a new function of so many arguments, which ``function`` is."""
        address = self._stubs + STUBS + 0x10 * len(self._functions)
        self._functions[address] = (arguments, function)
        return address

    def call(self, function: int, *arguments: int) -> int:
        """What the kernel's function returns, 32 bits of it. Arguments are pointer-sized words."""
        emulator = self._emulator
        kept, above = emulator.context_save(), self._stack
        sp = self._place_arguments(arguments, self._stubs + RETURN)
        self._stack = sp - 0x100
        counter = function
        while True:
            emulator.emu_start(counter, self._stubs + RETURN, count=_INSTRUCTIONS)
            counter = emulator.reg_read(self._pc)
            if counter == self._stubs + RETURN:
                break
            if counter not in self._functions:
                raise RuntimeError(f"{function:#x} did not come back: it is at {counter:#x}")
            counter = self._answer(counter)
        result = emulator.reg_read(self._result) & 0xFFFF_FFFF
        emulator.context_restore(kept)
        self._stack = above
        return int(result)

    def _answer(self, address: int) -> int:
        """Does a function of Python's; where it goes back to."""
        count, function = self._functions[address]
        emulator, size = self._emulator, self.pointer_size
        sp = emulator.reg_read(self._sp)
        words = [emulator.reg_read(each) for each in self._arguments[:count]]
        first = sp + size + (_HOME if self.architecture == "x64" else 0)
        words += [self.pointer(first + size * index) for index in range(count - len(words))]
        above, self._stack = self._stack, sp - 0x100
        result = function(*words)
        self._stack = above
        emulator.reg_write(self._result, result)
        if self.architecture == "arm64":
            return int(emulator.reg_read(_LINK))
        back = self.pointer(sp)
        taken = size * (1 + (count if self.architecture == "x86" else 0))  # __stdcall
        emulator.reg_write(self._sp, sp + taken)
        return back

    def _place_arguments(self, arguments: tuple[int, ...], back: int) -> int:
        emulator = self._emulator
        for register, value in zip(self._arguments, arguments):
            emulator.reg_write(register, value)
        words = list(arguments[len(self._arguments) :])
        if self.architecture == "arm64":
            emulator.reg_write(_LINK, back)
        else:
            words = [back, *[0] * (_HOME // 8 if self.architecture == "x64" else 0), *words]
        size = self.pointer_size
        sp = (self._stack - size * len(words)) & ~0xF
        if self.architecture == "x64":
            sp -= 8  # aligned before the call pushed
        self.write_pointers(sp, *words)
        emulator.reg_write(self._sp, sp)
        return sp
