"""What a processor's instruction says: its operands, where it leads, which registers it changes.

By capstone, for every architecture in the same words, and with what capstone leaves to its caller:
numbers are unsigned and as wide as a pointer (capstone's are signed, so that a jump's target in the
kernel would be negative), a register goes by the name of the whole one that it is part of (``rax``
for ``al``, ``eax`` on x86; ``x0`` for ``w0``, ``fp`` for ``x29``), flags are ``flags``, and
conditions have one name on all processors.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, Union

from ..target.architecture import ARCHITECTURES, Architecture

__all__ = ["LONGEST", "Immediate", "Instruction", "MemoryOperand", "Operand", "Register", "decode"]

LONGEST = 15  # bytes of an instruction

_FAST_FAIL = 0x29  # int 29h does not come back (winnt.h: __fastfail)

# ARM64's conditions, and those of its jumps that compare on their own, as x86 names them.
_CONDITIONS = {
    "eq": "e", "ne": "ne", "mi": "s", "pl": "ns", "lt": "l", "ge": "ge", "le": "le", "gt": "g",
    "lo": "b", "cc": "b", "hs": "ae", "cs": "ae", "ls": "be", "hi": "a",
}  # fmt: skip
_CONDITIONAL = {"cbz": "e", "tbz": "e", "cbnz": "ne", "tbnz": "ne"}
# Of memory, which is changed, with a register, which gets what was there: LSE.
_EXCHANGES = ("swp", "ldadd", "ldset", "ldclr", "ldeor", "ldsmax", "ldsmin", "ldumax", "ldumin")
_SIZES = {"b": 1, "h": 2}  # in bytes, by the last letter of a load's or store's mnemonic


class Register(NamedTuple):
    """``name`` is that of the whole register, ``size`` the bytes of it that the instruction uses.

    ARM64's zero register is ``xzr``.
    """

    name: str
    size: int


class Immediate(NamedTuple):
    """A number, unsigned and as wide as a pointer."""

    value: int


class MemoryOperand(NamedTuple):
    """``size`` bytes of memory at ``base`` + a multiple of ``indexed_by`` + ``displacement``
    (signed).

    ``address`` is its VA where the instruction alone tells it (relative to itself, or without
    registers), else None. ``changed``: the instruction writes there. ``segment`` is ``fs`` or
    ``gs`` where one of these is added.
    """

    base: str | None
    indexed_by: str | None
    displacement: int
    size: int
    address: int | None
    changed: bool
    segment: str | None = None


Operand = Union[Register, Immediate, MemoryOperand]


class Instruction(NamedTuple):
    """One machine instruction.

    ``mnemonic`` is without prefixes (``xadd`` for ``lock xadd``), ``text`` as a disassembler shows
    it. ``written`` are the registers that it changes, ``flags`` among them; what a called function
    changes is not. ``flow`` is ``call``, ``jump``, ``return``, ``trap`` (nothing behind it is run)
    or empty; ``target`` the VA that a direct call or jump leads to. ``condition`` is that of a
    jump, a conditional move or choice: ``e``, ``ne``, ``s``, ``ns``, ``l``, ``ge``, ``le``, ``g``,
    ``b``, ``ae``, ``be``, ``a`` (as x86 names them), or another word that is true for nothing else;
    empty where there is none.
    """

    address: int
    code: bytes
    mnemonic: str
    text: str
    operands: tuple[Operand, ...]
    written: frozenset[str]
    flow: str
    target: int | None
    condition: str

    @property
    def end(self) -> int:
        """The VA behind it."""
        return self.address + len(self.code)

    @property
    def goes_on(self) -> bool:
        """Whether what lies behind it can be run next."""
        return self.flow in ("", "call") or (self.flow == "jump" and bool(self.condition))


def decode(architecture: str, code: bytes, address: int, count: int = 0) -> Iterator[Instruction]:
    """The instructions of ``code``, which lies at the VA ``address``; at most ``count`` if not 0.

    Ends where the bytes are no instruction.
    """
    return _decoder(architecture).decode(code, address, count)


@cache
def _decoder(architecture: str) -> _Decoder:
    return (_Arm64 if architecture == "arm64" else _Intel)(ARCHITECTURES[architecture])


class _Decoder:
    """Capstone for one architecture."""

    def __init__(self, architecture: Architecture) -> None:
        import capstone  # noqa: PLC0415 - 30 ms that only looking at code needs

        self._capstone = capstone
        self._engine = capstone.Cs(*(getattr(capstone, name) for name in architecture.capstone))
        self._engine.detail = True
        self._mask = architecture.address_mask
        self._names: dict[int, str] = {0: ""}

    def decode(self, code: bytes, address: int, count: int) -> Iterator[Instruction]:
        for each in self._engine.disasm(code, address, count):
            operands = tuple(self._operands(each))
            mnemonic = each.mnemonic.rpartition(" ")[2]
            flow = self._flow(each, mnemonic)
            leads = flow in ("call", "jump") and operands and isinstance(operands[-1], Immediate)
            yield Instruction(
                address=each.address,
                code=bytes(each.bytes),
                mnemonic=mnemonic,
                text=f"{each.mnemonic} {each.op_str}".strip(),
                operands=operands,
                written=self._written(each, mnemonic, operands),
                flow=flow,
                target=operands[-1].value if leads else None,  # type: ignore[union-attr]
                condition=self._condition(each, mnemonic),
            )

    def _name(self, instruction: Any, register: int) -> str:
        if register not in self._names:
            self._names[register] = self._whole(instruction.reg_name(register))
        return self._names[register]

    def _whole(self, name: str) -> str:
        raise NotImplementedError

    def _operands(self, instruction: Any) -> Iterator[Operand]:
        raise NotImplementedError

    def _flow(self, instruction: Any, mnemonic: str) -> str:
        raise NotImplementedError

    def _condition(self, instruction: Any, mnemonic: str) -> str:
        raise NotImplementedError

    def _written(
        self, instruction: Any, mnemonic: str, operands: tuple[Operand, ...]
    ) -> frozenset[str]:
        raise NotImplementedError


class _Intel(_Decoder):
    """x64 and x86."""

    # Jumps on what no comparison has left; capstone 5 does not know all of them as jumps.
    _BY_COUNTER = ("loop", "loope", "loopne", "jcxz", "jecxz", "jrcxz", "xbegin")

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        self._wide = architecture.result[0]
        self._counter = architecture.program_counter

    def _whole(self, name: str) -> str:
        """rax for eax, ax, al, ah."""
        if name in ("rflags", "eflags"):
            return "flags"
        if name[0] == "r" and name[1:2].isdigit():
            return name.rstrip("dwb")
        stem = name[1:] if name[0] in "re" and len(name) == 3 else name
        if len(stem) == 2 and stem[1] in "lh" and stem[0] in "abcd":
            stem = stem[0] + "x"
        elif len(stem) == 3 and stem[2] == "l":  # sil, dil, bpl, spl
            stem = stem[:2]
        is_general = stem in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")
        return self._wide + stem if is_general else name

    def _operands(self, instruction: Any) -> Iterator[Operand]:
        kinds = self._capstone.x86
        for each in instruction.operands:
            if each.type == kinds.X86_OP_REG:
                yield Register(self._name(instruction, each.reg), each.size)
            elif each.type == kinds.X86_OP_IMM:
                yield Immediate(each.imm & self._mask)
            elif each.type == kinds.X86_OP_MEM:
                yield self._memory(instruction, each)

    def _memory(self, instruction: Any, operand: Any) -> MemoryOperand:
        memory, kinds = operand.mem, self._capstone.x86
        base, index = (self._name(instruction, each) for each in (memory.base, memory.index))
        segment = {kinds.X86_REG_FS: "fs", kinds.X86_REG_GS: "gs"}.get(memory.segment)
        address = None
        if base == self._counter:
            address = (instruction.address + instruction.size + memory.disp) & self._mask
        elif not base and not index and segment is None:
            address = memory.disp & self._mask
        changed = operand.access & self._capstone.CS_AC_WRITE or instruction.mnemonic.endswith(
            "cmpxchg"  # which capstone 5 has as one that reads
        )
        return MemoryOperand(
            base or None, index or None, memory.disp, operand.size, address, bool(changed), segment
        )

    def _flow(self, instruction: Any, mnemonic: str) -> str:
        groups = self._capstone
        if instruction.group(groups.CS_GRP_CALL):
            return "call"
        if mnemonic in self._BY_COUNTER or instruction.group(groups.CS_GRP_JUMP):
            return "jump"
        if instruction.group(groups.CS_GRP_RET) or instruction.group(groups.CS_GRP_IRET):
            return "return"
        fails_fast = mnemonic == "int" and instruction.operands[0].imm == _FAST_FAIL
        return "trap" if fails_fast or mnemonic in ("int3", "ud0", "ud1", "ud2") else ""

    def _condition(self, _: Any, mnemonic: str) -> str:
        if mnemonic in self._BY_COUNTER:
            return mnemonic
        for stem in ("j", "cmov", "set"):
            if mnemonic.startswith(stem) and mnemonic != "jmp":
                return mnemonic[len(stem) :]
        return ""

    def _written(
        self, instruction: Any, mnemonic: str, operands: tuple[Operand, ...]
    ) -> frozenset[str]:
        written = {self._name(instruction, each) for each in instruction.regs_access()[1]}
        if mnemonic in ("xadd", "cmpxchg"):  # capstone 5 forgets a part
            written |= {self._wide + "ax", "flags"} if mnemonic == "cmpxchg" else {"flags"}
            if operands and isinstance(operands[0], Register):
                written.add(operands[0].name)
        return frozenset(written)


class _Arm64(_Decoder):
    """ARM64."""

    _CHOICES = ("csel", "csinc", "csinv", "csneg", "cset", "csetm", "cinc", "cinv", "cneg")
    _COMPARES = ("cmp", "cmn", "tst", "ccmp", "ccmn")

    def _whole(self, name: str) -> str:
        if name == "nzcv":
            return "flags"
        if name in ("wsp", "wzr"):
            return {"wsp": "sp", "wzr": "xzr"}[name]
        name = f"x{name[1:]}" if name[0] == "w" else name
        return {"x29": "fp", "x30": "lr"}.get(name, name)

    def _operands(self, instruction: Any) -> Iterator[Operand]:
        kinds = self._capstone.arm64
        mnemonic = instruction.mnemonic
        for each in instruction.operands:
            if each.type == kinds.ARM64_OP_REG:
                name = instruction.reg_name(each.reg)
                size = {"w": 4, "b": 1, "h": 2, "s": 4, "q": 16, "v": 16}.get(name[0], 8)
                whole = self._name(instruction, each.reg)
                yield Register(whole, 8 if whole == "sp" else size)
            elif each.type == kinds.ARM64_OP_IMM:
                value = each.imm << (each.shift.value if each.shift.type == 1 else 0)  # lsl
                value &= self._mask
                if mnemonic.startswith("ldr"):  # from beside the code, or what [x1], #8 adds
                    if len(instruction.operands) == 2:
                        yield MemoryOperand(None, None, 0, self._size(instruction), value, False)
                    continue
                yield Immediate(value)
            elif each.type == kinds.ARM64_OP_MEM:
                base, index = (
                    self._name(instruction, number) or None
                    for number in (each.mem.base, each.mem.index)
                )
                size = self._size(instruction)
                changed = mnemonic.startswith(("st", *_EXCHANGES, "cas"))
                yield MemoryOperand(base, index, each.mem.disp, size, None, changed)

    def _size(self, instruction: Any) -> int:
        """Of what a load or store moves: by the mnemonic's last letter, or the register, of which
        an exclusive store has the one with its success before."""
        mnemonic = instruction.mnemonic
        if mnemonic.endswith("sw"):
            return 4
        if mnemonic[-1] in _SIZES and mnemonic[:2] in ("ld", "st", "sw", "ca"):
            return _SIZES[mnemonic[-1]]
        names = instruction.op_str.replace("{", "").split(", ")
        name = names[1 if mnemonic.startswith(("stxr", "stlxr", "stxp", "stlxp")) else 0]
        # A prefetch whose kind is reserved has none, and moves nothing.
        return {"w": 4, "s": 4, "h": 2, "b": 1, "q": 16}.get(name[:1], 8)

    def _flow(self, instruction: Any, mnemonic: str) -> str:
        groups = self._capstone
        if mnemonic == "bl" or mnemonic.startswith("blr"):
            return "call"
        if instruction.group(groups.CS_GRP_JUMP):
            return "jump"
        if instruction.group(groups.CS_GRP_RET) or mnemonic == "eret":
            return "return"
        return "trap" if mnemonic in ("brk", "udf") else ""

    def _condition(self, instruction: Any, mnemonic: str) -> str:
        if mnemonic in _CONDITIONAL:
            return _CONDITIONAL[mnemonic]
        name = mnemonic[2:] if mnemonic.startswith("b.") else ""
        if mnemonic in self._CHOICES:
            name = instruction.op_str.rpartition(", ")[2]
        return _CONDITIONS.get(name, name)

    def _written(
        self, instruction: Any, mnemonic: str, operands: tuple[Operand, ...]
    ) -> frozenset[str]:
        registers = [each.name for each in operands if isinstance(each, Register)]
        # Of these capstone 5 says nothing, or that they write what they read.
        if mnemonic in self._COMPARES:
            return frozenset(["flags"])
        if mnemonic.startswith(_EXCHANGES):
            return frozenset(registers[1:2])
        if mnemonic.startswith("cas"):
            return frozenset(registers[:2] if mnemonic.startswith("casp") else registers[:1])
        written = {self._name(instruction, each) for each in instruction.regs_access()[1]}
        return frozenset(written - {"xzr"})
