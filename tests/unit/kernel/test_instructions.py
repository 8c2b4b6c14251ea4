"""What instructions say, at the addresses of a kernel; assembled by clang."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel.instructions import Immediate, Instruction, MemoryOperand, Register, decode
from tests.support.assembly import PLACE, assembled

pytestmark = pytest.mark.toolchain

X64, X86, ARM64 = (PLACE[each] for each in ("x64", "x86", "arm64"))
ALL_ONES = (1 << 64) - 1
APART = 32  # bytes between the instructions that are assembled together


def reg(name: str, size: int = 8) -> Register:
    return Register(name, size)


def mem(
    base: str | None, displacement: int, size: int, address: int | None = None, **rest: Any
) -> MemoryOperand:
    by, changed, segment = rest.get("by"), rest.get("changed", False), rest.get("segment")
    return MemoryOperand(base, by, displacement, size, address, changed, segment)


def new(
    base: str | None, displacement: int, size: int, address: int | None = None, **rest: Any
) -> MemoryOperand:
    return mem(base, displacement, size, address, changed=True, **rest)


# An instruction, which lies at 1:, and what it says.
SAYS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "x64": [
        ("jmp 1b", {"flow": "jump", "target": X64, "condition": "", "goes_on": False}),
        ("je 1b - 0x1000", {"flow": "jump", "target": X64 - 0x1000, "condition": "e"}),
        ("je 1b", {"goes_on": True, "written": set()}),
        ("jrcxz 1b", {"flow": "jump", "target": X64, "condition": "jrcxz", "goes_on": True}),
        ("loop 1b", {"flow": "jump", "target": X64, "condition": "loop", "goes_on": True}),
        ("call 1b + 0x1000", {"flow": "call", "target": X64 + 0x1000, "goes_on": True}),
        ("call [rip + 16]", {"target": None, "operands": (mem("rip", 16, 8, X64 + 22),)}),
        ("notrack jmp rax", {"mnemonic": "jmp", "target": None, "operands": (reg("rax"),)}),
        ("ret", {"flow": "return", "goes_on": False}),
        ("int3", {"flow": "trap", "goes_on": False}),
        ("int 0x29", {"flow": "trap", "goes_on": False}),
        ("int 0x2c", {"flow": "", "goes_on": True}),
        ("push -1", {"operands": (Immediate(ALL_ONES),), "written": {"rsp"}}),
        ("mov ah, 1", {"operands": (reg("rax", 1), Immediate(1)), "written": {"rax"}}),
        ("movzx r10d, sil", {"operands": (reg("r10", 4), reg("rsi", 1)), "written": {"r10"}}),
        ("cmovns eax, ecx", {"flow": "", "condition": "ns", "written": {"rax"}}),
        ("test eax, eax", {"written": {"flags"}}),
        (
            "lock xadd [rip - 9], eax",
            {
                "mnemonic": "xadd",
                "text": "lock xadd dword ptr [rip - 9], eax",
                "operands": (new("rip", -9, 4, X64 - 1), reg("rax", 4)),
                "written": {"flags", "rax"},
            },
        ),
        (
            "lock cmpxchg [rcx], edx",
            {"operands": (new("rcx", 0, 4), reg("rdx", 4)), "written": {"flags", "rax"}},
        ),
        (
            "lock btr dword ptr [rcx], 0",
            {"mnemonic": "btr", "operands": (new("rcx", 0, 4), Immediate(0))},
        ),
        ("cmp dword ptr [rcx], 5", {"operands": (mem("rcx", 0, 4), Immediate(5))}),
        (
            "mov rax, gs:[0x188]",
            {"operands": (reg("rax"), mem(None, 0x188, 8, segment="gs"))},
        ),
        (
            "mov [rsp + 8 * rcx - 8], r8",
            {"operands": (new("rsp", -8, 8, by="rcx"), reg("r8")), "written": set()},
        ),
    ],
    "x86": [
        ("jmp 1b", {"flow": "jump", "target": X86}),
        ("call 1b", {"flow": "call", "target": X86}),
        ("mov eax, 0x82845678", {"operands": (reg("eax", 4), Immediate(0x82845678))}),
        (
            "lock inc dword ptr [0x82845678]",
            {
                "mnemonic": "inc",
                "operands": (new(None, 0x82845678 - (1 << 32), 4, 0x82845678),),
                "written": {"flags"},
            },
        ),
        ("mov cl, bl", {"operands": (reg("ecx", 1), reg("ebx", 1)), "written": {"ecx"}}),
        ("mov eax, fs:[0x124]", {"operands": (reg("eax", 4), mem(None, 292, 4, segment="fs"))}),
        ("ret 12", {"flow": "return"}),
    ],
    "arm64": [
        ("b 1b", {"flow": "jump", "target": ARM64, "condition": "", "goes_on": False}),
        ("b.eq 1b", {"flow": "jump", "target": ARM64, "condition": "e", "goes_on": True}),
        ("b.lo 1b", {"flow": "jump", "condition": "b"}),
        ("cbz w3, 1b", {"flow": "jump", "target": ARM64, "condition": "e"}),
        (
            "tbnz w0, 31, 1b",
            {
                "flow": "jump",
                "target": ARM64,
                "condition": "ne",
                "operands": (reg("x0", 4), Immediate(31), Immediate(ARM64)),
            },
        ),
        ("bl 1b", {"flow": "call", "target": ARM64, "goes_on": True}),
        ("blr x15", {"flow": "call", "target": None, "operands": (reg("x15"),)}),
        ("blraa x8, x9", {"flow": "call", "target": None}),
        ("br x16", {"flow": "jump", "target": None, "goes_on": False}),
        ("ret", {"flow": "return", "goes_on": False}),
        ("retab", {"flow": "return", "goes_on": False}),
        ("brk 0xf003", {"flow": "trap", "goes_on": False}),
        ("csel x0, x1, x2, ne", {"flow": "", "condition": "ne", "written": {"x0"}}),
        ("cmp w0, 0", {"written": {"flags"}}),
        ("mov x0, x29", {"operands": (reg("x0"), reg("fp")), "written": {"x0"}}),
        ("mov w0, wzr", {"operands": (reg("x0", 4), reg("xzr", 4)), "written": {"x0"}}),
        ("add x0, x1, 1, lsl 12", {"operands": (reg("x0"), reg("x1"), Immediate(0x1000))}),
        ("adrp x8, 1b", {"operands": (reg("x8"), Immediate(ARM64))}),
        ("ldr x16, 1b + 8", {"operands": (reg("x16"), mem(None, 0, 8, ARM64 + 8))}),
        ("ldr w0, [x1], 8", {"operands": (reg("x0", 4), mem("x1", 0, 4)), "written": {"x0", "x1"}}),
        ("ldr w0, [x1, 8]!", {"written": {"x0", "x1"}}),
        ("ldrsw x1, [x19]", {"operands": (reg("x1"), mem("x19", 0, 4))}),
        ("strb w8, [sp, 4]", {"operands": (reg("x8", 4), new("sp", 4, 1)), "written": set()}),
        (
            "ldaddal w8, w9, [x10]",
            {"operands": (reg("x8", 4), reg("x9", 4), new("x10", 0, 4)), "written": {"x9"}},
        ),
        ("stadd w8, [x10]", {"operands": (reg("x8", 4), new("x10", 0, 4)), "written": set()}),
        ("casal w1, w2, [x3]", {"written": {"x1"}}),
        (
            "stlxr w10, x8, [x9]",
            {"operands": (reg("x10", 4), reg("x8"), new("x9", 0, 8)), "written": {"x10"}},
        ),
        ("ldr x0, [x1, x2, lsl 3]", {"operands": (reg("x0"), mem("x1", 0, 8, by="x2"))}),
    ],
}


def decoded(architecture: str, folder: Path) -> list[Instruction]:
    lines = []
    for number, (text, _) in enumerate(SAYS[architecture]):
        lines += [f".org {APART * number}", f"1: {text}"]
    code = assembled(architecture, "\n".join(lines), folder)
    starts = range(0, len(code), APART)
    return [next(decode(architecture, code[start:], PLACE[architecture], 1)) for start in starts]


@pytest.mark.parametrize("architecture", SAYS)
def test_what_it_says(architecture: str, tmp_path: Path) -> None:
    found = decoded(architecture, tmp_path)
    assert len(found) == len(SAYS[architecture])
    for instruction, (text, says) in zip(found, SAYS[architecture]):
        assert {name: getattr(instruction, name) for name in says} == says, text
        assert instruction.end == instruction.address + len(instruction.code)


def test_bytes_that_are_no_code() -> None:
    for architecture, code in (("x64", b"\x06"), ("x86", b"\xff\xff"), ("arm64", b"\xff" * 4)):
        assert list(decode(architecture, code, PLACE[architecture])) == []
