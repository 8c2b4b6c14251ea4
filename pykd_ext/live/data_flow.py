"""Which registers an instruction writes, and from where: as much as tracing a value back needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..target.errors import MemoryUnreadable
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NON_VOLATILE", "Place", "Step", "Test", "read_steps"]

# What a function must give back as it was: "x64 ABI conventions", "Overview of ARM64 ABI
# conventions", "Argument Passing and Naming Conventions" (Microsoft).
NON_VOLATILE = {
    "x64": frozenset(["rbx", "rbp", "rdi", "rsi", "rsp", "r12", "r13", "r14", "r15"]),
    "x86": frozenset(["ebx", "ebp", "edi", "esi", "esp"]),
    "arm64": frozenset([*(f"x{number}" for number in range(19, 29)), "fp", "sp"]),
}


class Place(NamedTuple):
    """A register, or with an ``offset`` the memory at that distance from what it holds."""

    register: str
    offset: int | None = None


class Test(NamedTuple):
    """A comparison of ``place & mask`` with zero."""

    place: Place
    mask: int


class Step(NamedTuple):
    """One instruction.

    ``moves``: registers that become a copy of a place; ``clobbered``: all that change. ``choice``:
    for a conditional move the register, what it becomes where the last test gave zero, and else
    (None: what it was). ``target`` is where a jump goes, ``callee`` what a call calls.
    ``jumps_if_zero``: a jump that is taken where the last test gave zero, and else is not.
    """

    address: int
    end: int
    moves: dict[str, Place]
    clobbered: frozenset[str]
    pushed: Place | None = None
    test: Test | None = None
    choice: tuple[str, Place | None, Place | None] | None = None
    is_call: bool = False
    callee: Place | None = None
    is_jump: bool = False
    target: int | None = None
    jumps_if_zero: bool = False


def read_steps(target: Target, start: int, size: int) -> list[Step]:
    """The instructions of at most ``size`` bytes from the VA ``start`` on.

    Fewer where the bytes are no code or a page is not there.
    """
    import capstone  # noqa: PLC0415 - 30 ms that only this function needs

    reader = (_Arm64 if target.architecture == "arm64" else _X86)(target.architecture, capstone)
    return [reader.step(each) for each in reader.engine.disasm(_code(target, start, size), start)]


def _code(target: Target, start: int, size: int) -> bytes:
    code = b""
    while len(code) < size:
        address = start + len(code)
        wanted = min(size - len(code), PAGE - address % PAGE)
        try:
            code += target.memory.read(address, wanted)
        except MemoryUnreadable:
            break
    return code


class _X86:
    """x64 and x86."""

    _MOVES = ("mov", "movsxd", "movzx", "movsx")
    _ZERO, _NOT_ZERO = ("cmove", "cmovz"), ("cmovne", "cmovnz")

    def __init__(self, architecture: str, capstone: Any) -> None:
        self._capstone = capstone
        self._wide = "r" if architecture == "x64" else "e"
        mode = capstone.CS_MODE_64 if architecture == "x64" else capstone.CS_MODE_32
        self.engine = capstone.Cs(capstone.CS_ARCH_X86, mode)
        self.engine.detail = True

    def step(self, instruction: Any) -> Step:
        capstone, operands = self._capstone, instruction.operands
        name = instruction.mnemonic
        places = [self._place(instruction, each) for each in operands]
        is_call = instruction.group(capstone.CS_GRP_CALL)
        is_jump = instruction.group(capstone.CS_GRP_JUMP) or instruction.group(capstone.CS_GRP_RET)
        _, written = instruction.regs_access()
        moves: dict[str, Place] = {}
        choice: tuple[str, Place | None, Place | None] | None = None
        if operands and operands[0].type == capstone.x86.X86_OP_REG and len(operands) == 2:
            register = places[0].register if places[0] else ""
            if name in self._MOVES and places[1]:
                moves[register] = places[1]
            elif name in self._ZERO:
                choice = (register, places[1], None)
            elif name in self._NOT_ZERO:
                choice = (register, None, places[1])
        test = None
        if name == "test" and places[0] and operands[1].type == capstone.x86.X86_OP_IMM:
            test = Test(places[0], operands[1].imm)
        return Step(
            instruction.address,
            instruction.address + instruction.size,
            moves,
            frozenset(self._full(instruction.reg_name(each)) for each in written),
            pushed=places[0] if name == "push" and operands else None,
            test=test,
            choice=choice,
            is_call=is_call,
            callee=places[0] if is_call else None,
            is_jump=is_jump,
            target=operands[0].imm
            if is_jump and operands and operands[0].type == capstone.x86.X86_OP_IMM
            else None,
            jumps_if_zero=name == "je",
        )

    def _place(self, instruction: Any, operand: Any) -> Place | None:
        kinds = self._capstone.x86
        if operand.type == kinds.X86_OP_REG:
            return Place(self._full(instruction.reg_name(operand.reg)))
        if operand.type != kinds.X86_OP_MEM or operand.mem.index or operand.mem.segment:
            return None
        base = instruction.reg_name(operand.mem.base) if operand.mem.base else "none"
        return Place(self._full(base), operand.mem.disp)

    def _full(self, name: str) -> str:
        """The whole register that ``name`` is a part of: rax for eax, ax, al, ah."""
        if name[0] == "r" and name[1:2].isdigit():
            return name.rstrip("dwb")
        stem = name[1:] if name[0] in "re" and len(name) == 3 else name
        parts = {"l": "x", "h": "x"}
        if len(stem) == 2 and stem[1] in parts and stem[0] in "abcd":
            stem = stem[0] + "x"
        elif len(stem) == 3 and stem[2] == "l":  # sil, dil, bpl, spl
            stem = stem[:2]
        return self._wide + stem if len(stem) == 2 else name


class _Arm64:
    """ARM64."""

    def __init__(self, _: str, capstone: Any) -> None:
        self._capstone = capstone
        self.engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
        self.engine.detail = True

    def step(self, instruction: Any) -> Step:
        capstone, operands = self._capstone, instruction.operands
        kinds, name = capstone.arm64, instruction.mnemonic
        places = [self._place(instruction, each) for each in operands]
        is_call = name in ("bl", "blr")
        is_jump = not is_call and (
            instruction.group(capstone.CS_GRP_JUMP) or instruction.group(capstone.CS_GRP_RET)
        )
        moves: dict[str, Place] = {}
        choice, test = None, None
        if name in ("mov", "ldr", "ldrb", "ldrsw", "ldur") and places[0] and places[1]:
            moves[places[0].register] = places[1]
        elif name == "ldp" and all(places):
            first, second, source = places
            if first and second and source and source.offset is not None:
                size = 4 if instruction.reg_name(operands[0].reg)[0] == "w" else 8
                moves[first.register] = source
                moves[second.register] = Place(source.register, source.offset + size)
        elif name == "csel" and all(places):
            _, yes, no = places
            zero = instruction.cc == kinds.ARM64_CC_EQ
            if places[0] and instruction.cc in (kinds.ARM64_CC_EQ, kinds.ARM64_CC_NE):
                choice = (places[0].register, yes if zero else no, no if zero else yes)
        elif name == "tst" and places[0] and operands[1].type == kinds.ARM64_OP_IMM:
            test = Test(places[0], operands[1].imm)
        elif name == "tbz" and places[0]:
            test = Test(places[0], 1 << operands[1].imm)
        _, written = instruction.regs_access()
        immediates = [each.imm for each in operands if each.type == kinds.ARM64_OP_IMM]
        return Step(
            instruction.address,
            instruction.address + instruction.size,
            moves,
            frozenset(self._full(instruction.reg_name(each)) for each in written),
            test=test,
            choice=choice,
            is_call=is_call,
            callee=places[0] if name == "blr" else None,
            is_jump=is_jump,
            target=immediates[-1] if is_jump and immediates else None,
            jumps_if_zero=name in ("tbz", "b.eq"),
        )

    def _place(self, instruction: Any, operand: Any) -> Place | None:
        kinds = self._capstone.arm64
        if operand.type == kinds.ARM64_OP_REG:
            return Place(self._full(instruction.reg_name(operand.reg)))
        if operand.type != kinds.ARM64_OP_MEM or operand.mem.index or instruction.writeback:
            return None
        return Place(self._full(instruction.reg_name(operand.mem.base)), operand.mem.disp)

    def _full(self, name: str) -> str:
        names = {"x29": "fp", "w29": "fp", "x30": "lr", "w30": "lr"}
        return names.get(name) or (f"x{name[1:]}" if name[0] == "w" and name != "wzr" else name)
