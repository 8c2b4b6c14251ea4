"""What is done for the processor is what the processor does: Unicorn is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel.instructions import decode
from pykd_ext.live.emulation import emulation
from tests.support.assembly import assembled
from tests.support.stopped_processor import CODE, StoppedProcessor

pytestmark = pytest.mark.toolchain

DONE = {
    "x64": (
        "mov ebx, eax", "mov rcx, [r8 + 8]", "mov [rsp + 0x10], rbx", "mov al, 7", "mov cl, dl",
        "mov dword ptr [rbx - 4], 0xC0000503", "movzx eax, word ptr [rbx]", "lea rdi, [rsp + 0x30]",
        "push rbp", "push r15", "mov rax, [rip + 0x20]", "mov edx, 5", "nop",
        "mov rax, 0xFFFFF80312345678", "mov byte ptr [r8], cl",
        "test eax, eax", "test r15b, r15b", "test rbx, rbx", "test cx, cx", "test rbp, rbp",
        "cmp eax, 0xC0000503", "cmp r15b, 0x7F", "cmp r15b, 0x80", "cmp rcx, -1", "cmp cx, 1",
        "sub rsp, 0x28", "cmp ecx, 0x7FFFFFFF", "sub ecx, -1", "push -2",
        "cmp dword ptr [rsp + 8], 0x80", "movzx eax, cl", "movzx r8d, dx", "movzx edx, r15b",
    ),
    "x86": (
        "mov [ebp - 8], eax", "mov esi, [ebx + 4]", "mov edi, edi", "lea eax, [esp + 4]",
        "push ebp", "push esp", "push 0x40", "push -2", "push 0x82859DA8",
        "cmp byte ptr [ebp - 0x19], 1", "cmp byte ptr [ebp], 0xFF", "cmp dword ptr [ebx], 0",
        "cmp dword ptr [ebp - 0x24], -1", "cmp word ptr [ebx + 6], 0x7F",
    ),
    "arm64": (
        "mov w19, w0", "mov x1, x2", "ldr x0, [x19, #8]", "str w1, [sp, #4]", "nop",
        "ldrb w2, [x19]", "strb w0, [x19, #1]", "str xzr, [x19]",
    ),
}  # fmt: skip
NOT_DONE = {
    "x64": (
        "mov rax, gs:[0x188]", "mov ah, 1", "mov rax, [rbx + rcx * 8]", "test eax, ebx", "ret",
        "call rax", "js 1f; 1: nop", "xchg rax, rbx", "mov rax, cr3", "movsxd rax, ecx",
        "push qword ptr [rbx]", "sub dword ptr [rbx], 1",
    ),
    "x86": ("push dword ptr [ebp + 8]", "cmp dword ptr fs:[0x124], 0", "cmp [ebx], eax"),
    "arm64": (
        "ldp x0, x1, [sp]", "str x0, [sp, #-16]!", "cbz w0, 1f; 1: nop", "add x0, x0, #1",
        "cmp x0, #1",
    ),
}  # fmt: skip
CASES = [(architecture, text) for architecture, texts in DONE.items() for text in texts]


@pytest.mark.parametrize(("architecture", "text"), CASES)
def test_as_the_processor_does(architecture: str, text: str, tmp_path: Path) -> None:
    code = assembled(architecture, text, tmp_path)
    real, done = StoppedProcessor(architecture, code), StoppedProcessor(architecture, code)
    real.machine.emu_start(CODE, CODE + len(code), count=1)
    emulate = emulation(architecture, next(decode(architecture, code, CODE, 1)))
    target: Any = done
    assert emulate is not None
    assert emulate(target)
    assert done.state() == real.state()


@pytest.mark.parametrize("architecture", NOT_DONE)
def test_what_is_left_to_the_processor(architecture: str, tmp_path: Path) -> None:
    for text in NOT_DONE[architecture]:
        code = assembled(architecture, text, tmp_path)
        assert emulation(architecture, next(decode(architecture, code, CODE, 1))) is None, text


def test_memory_that_is_not_there(tmp_path: Path) -> None:
    """The processor will fault on it itself."""
    code = assembled("x64", "mov rax, [rbx]", tmp_path)
    processor = StoppedProcessor("x64", code)
    processor.set_registers({"rbx": 0x1000})
    before = processor.state()
    emulate = emulation("x64", next(decode("x64", code, CODE, 1)))
    target: Any = processor
    assert emulate is not None
    assert not emulate(target)
    assert processor.state() == before
