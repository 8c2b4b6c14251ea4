"""What varies by processor: one record for each that regcb reads kernels of.

Layouts of the kernel's own structures vary by build too, and stand in tables beside their readers.
Sources: "x64 calling convention", "x64 ABI conventions", "Overview of ARM64 ABI conventions",
"Argument Passing and Naming Conventions" (x86; NTAPI is __stdcall), "Virtual Address Spaces" (all
Microsoft); winnt.h (IMAGE_FILE_MACHINE_*). Registers are named as WinDbg names them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = [
    "ARCHITECTURES", "POINTER_SIZES", "Architecture", "ArchitectureName", "architecture_of_machine",
]  # fmt: skip

ArchitectureName = Literal["x64", "x86", "arm64"]


class Architecture(NamedTuple):
    """One processor; sizes are in bytes.

    ``user_end`` is where user space ends and ``kernel_start`` the lowest address of the system's.
    ``arguments`` are the registers of a function's first pointer-sized arguments, the rest lie on
    the stack behind ``home`` bytes that the callee may use; ``callee_pops`` them there (__stdcall).
    ``link`` is the register that holds the return address, None where the stack does;
    ``signed_from`` the lowest bit of it that a signature takes, None where none does.
    ``non_volatile`` registers are after a call what they were before; one of ``dispatched`` holds
    what control flow guard's dispatcher is to call. ``breakpoint`` is the instruction that a
    debugger writes, ``call_sizes`` are those of an instruction that calls. ``capstone`` names
    capstone's constants of architecture and mode.
    """

    name: ArchitectureName
    machine: int
    pointer_size: int
    user_end: int
    kernel_start: int
    program_counter: str
    stack_pointer: str
    frame_pointer: str
    link: str | None
    signed_from: int | None
    result: str
    arguments: tuple[str, ...]
    home: int
    callee_pops: bool
    non_volatile: frozenset[str]
    dispatched: tuple[str, ...]
    breakpoint: bytes
    call_sizes: range
    capstone: tuple[str, str]

    @property
    def address_mask(self) -> int:
        """As many ones as a pointer has bits."""
        return (1 << 8 * self.pointer_size) - 1

    def return_address(self, word: int) -> int:
        """The VA in a ``word`` of a stack, signed or not: the kernel's upper bits are ones."""
        if self.signed_from is None or not word >> 55 & 1:
            return word
        return word | self.address_mask & -1 << self.signed_from


# Of x86 machines booted with /3GB a GB of user space counts as the kernel's here. The others'
# spaces are those of five levels of page tables: with four user space ends at 128 TB and the
# system's begins higher, and at what lies between nothing can be read.
_X64 = Architecture(
    name="x64",
    machine=0x8664,
    pointer_size=8,
    user_end=1 << 56,
    kernel_start=0xFF << 56,
    program_counter="rip",
    stack_pointer="rsp",
    frame_pointer="rbp",
    link=None,
    signed_from=None,
    result="rax",
    arguments=("rcx", "rdx", "r8", "r9"),
    home=0x20,
    callee_pops=False,
    non_volatile=frozenset(["rbx", "rbp", "rdi", "rsi", "rsp", "r12", "r13", "r14", "r15"]),
    dispatched=("rax",),  # SOURCES 3.1
    breakpoint=b"\xcc",  # int3
    call_sizes=range(2, 8),
    capstone=("CS_ARCH_X86", "CS_MODE_64"),
)
_X86 = Architecture(
    name="x86",
    machine=0x14C,
    pointer_size=4,
    user_end=1 << 31,
    kernel_start=1 << 31,
    program_counter="eip",
    stack_pointer="esp",
    frame_pointer="ebp",
    link=None,
    signed_from=None,
    result="eax",
    arguments=(),
    home=0,
    callee_pops=True,
    non_volatile=frozenset(["ebx", "ebp", "edi", "esi", "esp"]),
    dispatched=(),
    breakpoint=b"\xcc",
    call_sizes=range(2, 8),
    capstone=("CS_ARCH_X86", "CS_MODE_32"),
)
_ARM64 = Architecture(
    name="arm64",
    machine=0xAA64,
    pointer_size=8,
    user_end=1 << 56,
    kernel_start=0xFF << 56,
    program_counter="pc",
    stack_pointer="sp",
    frame_pointer="fp",
    link="lr",
    signed_from=48,  # pacibsp; bit 55 stays what it was
    result="x0",
    arguments=tuple(f"x{number}" for number in range(8)),
    home=0,
    callee_pops=False,
    non_volatile=frozenset([*(f"x{number}" for number in range(19, 29)), "fp", "sp"]),
    dispatched=("x15", "x9"),
    breakpoint=b"\x00\x00\x3e\xd4",  # brk #0xF000 (LLVM: the debug trap of Windows on ARM64)
    call_sizes=range(4, 5),
    capstone=("CS_ARCH_ARM64", "CS_MODE_ARM"),
)

ARCHITECTURES: dict[str, Architecture] = {each.name: each for each in (_X64, _X86, _ARM64)}
POINTER_SIZES = tuple(dict.fromkeys(each.pointer_size for each in ARCHITECTURES.values()))  # 8, 4


def architecture_of_machine(machine: int) -> Architecture | None:
    """The one with this IMAGE_FILE_MACHINE_*, None for those that regcb does not know."""
    return next((each for each in ARCHITECTURES.values() if each.machine == machine), None)
