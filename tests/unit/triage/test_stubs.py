"""Starts of functions, assembled by clang: those that a patch leaves, and those that work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel.code import disassemble
from pykd_ext.triage.stubs import Stub, find_stub
from tests.support.assembly import PLACE, assembled
from tests.support.byte_target import ByteTarget

RETURNS = {
    "x64": [
        "ret", "xor eax, eax; ret", "xor rax, rax; ret", "sub eax, eax; ret",
        "mov eax, 0xc0000022; ret", "endbr64; xor eax, eax; ret", "nop; ret",
        "xor eax, eax; nop; nop; ret",
    ],
    "x86": [
        "ret 12", "xor eax, eax; ret 12", "mov eax, 0xc0000022; ret 12",
        "mov edi, edi; xor eax, eax; ret 12",
    ],
    "arm64": [
        "ret", "mov w0, #0; ret", "mov w0, wzr; ret", "mov x0, xzr; ret",
        "mov w0, #0x22; movk w0, #0xc000, lsl #16; ret", "hint #27; mov w0, #0; ret",
        "mov w0, #0; nop; ret",
    ],
}  # fmt: skip
TRAPS = {"x64": ["int3", "ud2"], "x86": ["int3"], "arm64": ["brk #0xf000"]}
WORKS = {
    "x64": [
        "sub rsp, 0x28; ret", "test rcx, rcx; je 1f; ret; 1: ret", "mov eax, ecx; ret",
        "xor eax, eax; mov rcx, rax; ret", "push rbx; ret", "mov rax, [rcx]; jmp rax",
        "push 1; pop rax; ret",
    ],
    "x86": ["push ebp; mov ebp, esp; ret 12", "mov eax, [esp + 8]; ret 12"],
    "arm64": [
        "stp x29, x30, [sp, #-16]!; ret", "cbz x0, 1f; ret; 1: ret", "mov w0, w1; ret",
        "ldr x16, [x0]; br x16", ".inst 0xb0000008; ldr x8, [x8]; br x8",
        "mov x16, #0x10000; movk x17, #2; br x16", ".inst 0xb0000010; mov x16, x0; br x16",
        ".inst 0xb0000010; ldr w16, [x16]; br x16", "br x0",
    ],
}  # fmt: skip


def cases(table: dict[str, list[str]]) -> list[Any]:
    return [
        pytest.param(architecture, text, id=f"{architecture}-{number}")
        for architecture, texts in table.items()
        for number, text in enumerate(texts)
    ]


def stub_of(architecture: str, text: str, folder: Path) -> Stub | None:
    target = ByteTarget(architecture)
    target.write(PLACE[architecture], assembled(architecture, text, folder).ljust(64, b"\xf1"))
    found: Any = target
    return find_stub(disassemble(found, PLACE[architecture], 6))


@pytest.mark.toolchain
@pytest.mark.parametrize(("architecture", "text"), cases(RETURNS))
def test_a_function_that_returns_at_once(architecture: str, text: str, tmp_path: Path) -> None:
    stub = stub_of(architecture, text, tmp_path)
    assert stub and stub.kind == "returns"
    assert stub.end == PLACE[architecture] + len(assembled(architecture, text, tmp_path))


@pytest.mark.toolchain
@pytest.mark.parametrize(("architecture", "text"), cases(TRAPS))
def test_a_function_that_traps(architecture: str, text: str, tmp_path: Path) -> None:
    stub = stub_of(architecture, text, tmp_path)
    assert stub and stub.kind == "traps"


@pytest.mark.toolchain
@pytest.mark.parametrize(("architecture", "text"), cases(WORKS))
def test_a_function_that_works(architecture: str, text: str, tmp_path: Path) -> None:
    assert stub_of(architecture, text, tmp_path) is None


@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("architecture", "text", "destination", "pointer"),
    [
        ("x64", ".byte 0xe9; .long 0xffb", 0x1000, None),
        ("x64", "jmp [rip + 0x10]", None, 0x16),
        ("x64", "movabs rax, 0x1122334455667788; jmp rax", 0x1122334455667788, None),
        ("x64", "movabs r11, 0x1122334455667788; jmp r11", 0x1122334455667788, None),
        ("x64", "push 0x11223344; ret", 0x11223344, None),
        ("x64", "push -0x7ddccbbc; ret", 0xFFFFFFFF82233444, None),
        ("x86", ".byte 0xe9; .long 0xffb", 0x1000, None),
        ("x86", ".byte 0xff, 0x25; .long 0x11223344", None, 0x11223344),
        ("x86", "mov eax, 0x11223344; jmp eax", 0x11223344, None),
        ("x86", "push 0x82233444; ret", 0x82233444, None),
        ("arm64", "b .+0x1000", 0x1000, None),
        ("arm64", "ldr x16, .+8; br x16", None, 8),
        # adrp x17 and x16 of the next page
        ("arm64", "hint #27; .inst 0xb0000011; ldr x17, [x17, #8]; br x17", None, 0x1008),
        ("arm64", ".inst 0xb0000010; add x16, x16, #0x10; br x16", 0x1010, None),
        (
            "arm64",
            "mov x9, #0x7788; movk x9, #0x5566, lsl #16; movk x9, #0x3344, lsl #32;"
            "movk x9, #0x1122, lsl #48; br x9",
            0x1122334455667788, None,
        ),
        ("arm64", "mov x8, #-1; movk x8, #0x1240, lsl #16; br x8", 0xFFFFFFFF1240FFFF, None),
    ],
    ids=str,
)  # fmt: skip
def test_a_function_that_leads_away(
    architecture: str, text: str, destination: int | None, pointer: int | None, tmp_path: Path
) -> None:
    """Destinations below 64 KB are relative to the function."""
    start = PLACE[architecture]
    stub = stub_of(architecture, text, tmp_path)
    assert stub and stub.kind == "jumps"
    for found, wanted in ((stub.destination, destination), (stub.pointer, pointer)):
        if wanted is None:
            assert found is None
        else:
            assert found == (start + wanted if wanted < 0x10000 else wanted)
