"""Short functions: what compilers, linkers and BBT have made, and what patches leave.

The genuine shapes are those of real kernels and drivers; code lies at a kernel's addresses.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext.kernel.drivers import NO_OWNER, Owner
from pykd_ext.triage.starts import Code, Verdict, judge_start
from tests.support.assembly import PLACE, assembled
from tests.support.byte_target import ByteTarget

pytestmark = pytest.mark.toolchain

NOPS = "nop; nop; nop; nop; nop; "
WORK = {
    "x64": "push rbx; sub rsp, 0x20; mov rbx, rcx; mov rsi, rdx; ",
    "x86": "mov edi, edi; push ebp; mov ebp, esp; sub esp, 0x20; ",
    "arm64": "stp x29, x30, [sp, #-16]!; mov x29, sp; bl .+0x100; ",
}
GENUINE = {
    "x64": [
        "ret; .balign 16, 0xcc; " + WORK["x64"],
        "xor eax, eax; ret; int3; int3; " + WORK["x64"],
        "xor eax, eax; ret; .balign 16; " + WORK["x64"],
        "endbr64; mov eax, 0xc0000022; ret; .balign 16, 0xcc; " + WORK["x64"],
        "int3; ret; .balign 16, 0xcc; " + WORK["x64"],
    ],
    "x86": [
        # Functions that can be hotpatched follow each other at any address.
        "xor eax, eax; ret 12; " + NOPS + WORK["x86"],
        "mov eax, 0x100; ret; nop; int3; int3; int3; int3; int3; " + WORK["x86"],
        "xor eax, eax; ret 12; int3; int3; int3; int3; int3; " + WORK["x86"],
        # lea esp, [esp + 0] and lea ecx, [ecx + 0] in their longer forms.
        "ret 12; .byte 0x8d, 0xa4, 0x24, 0, 0, 0, 0, 0x8d, 0x49, 0, 0x8d, 0x49, 0; " + WORK["x86"],
        "ret 4; .byte 0x8d, 0xa4, 0x24, 0, 0, 0, 0; nop; .byte 0x8d, 0x49, 0; mov edi, edi; "
        + WORK["x86"],
        "int3; ret; .balign 16, 0xcc; " + WORK["x86"],
    ],
    "arm64": [
        "ret; .balign 16, 0; " + WORK["arm64"],
        "mov w0, #0; ret; nop; nop; " + WORK["arm64"],
        "mov w0, wzr; ret; brk #0xf000; brk #0xf000; " + WORK["arm64"],
    ],
}  # fmt: skip
FORGED = {
    "x64": [
        "xor eax, eax; ret; .byte 0, 0, 0, 0, 0; " + WORK["x64"],  # TelemetrySourcerer
        "ret; .byte 0x83, 0xec, 0x28; mov rsi, rdx; ",  # over push rbx
        "xor eax, eax; ret; " + WORK["x64"],
        "int3; .byte 0x83, 0xec, 0x28; mov rsi, rdx; ",
    ],
    "x86": [
        "xor eax, eax; ret 12; .byte 0, 0, 0; " + WORK["x86"],
        "xor eax, eax; ret 12; sub esp, 0x20; push ebx; push esi; ",  # over five bytes
        "ret 12; mov ebp, esp; sub esp, 0x20; ",
    ],
    "arm64": [
        "mov w0, #0; ret; mov x29, sp; bl .+0x100; ",
        "ret; mov x29, sp; bl .+0x100; ",
    ],
}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(architecture, text) for architecture, texts in table.items() for text in texts]


def verdict_on(architecture: str, text: str, folder: Path) -> Verdict | None:
    target = ByteTarget(architecture)
    target.write(PLACE[architecture], assembled(architecture, text, folder).ljust(64, b"\xf1"))
    base = PLACE[architecture] & ~0xFFFFF

    def owner(address: int) -> Owner:
        return Owner("loaded", base=base) if 0 <= address - base < 1 << 20 else NO_OWNER

    code = Code(architecture, target.memory, base, 0, owner)
    return judge_start(code, PLACE[architecture])


@pytest.mark.parametrize(("architecture", "text"), cases(GENUINE))
def test_what_fill_lies_behind_is_genuine(architecture: str, text: str, tmp_path: Path) -> None:
    verdict = verdict_on(architecture, text, tmp_path)
    assert verdict and verdict.severity == "info"


@pytest.mark.parametrize(("architecture", "text"), cases(FORGED))
def test_what_old_code_lies_behind_is_not(architecture: str, text: str, tmp_path: Path) -> None:
    verdict = verdict_on(architecture, text, tmp_path)
    assert verdict and verdict.severity == ("medium" if text.startswith("int3") else "high")


@pytest.mark.parametrize("architecture", WORK)
def test_a_function_that_works_is_not_judged(architecture: str, tmp_path: Path) -> None:
    assert verdict_on(architecture, WORK[architecture], tmp_path) is None


def test_a_hooks_pointer_lies_beside_the_image(tmp_path: Path) -> None:
    """Detours allocates what its jump goes by near the image that it changes."""
    target = ByteTarget("x64")
    start = PLACE["x64"]
    pointer, other = start - 0x200000, start + 0x4000000
    target.write(start, assembled("x64", "jmp [rip - 0x200006]", tmp_path).ljust(64, b"\xcc"))
    target.write(pointer, other.to_bytes(8, "little"))

    def owner(address: int) -> Owner:
        whose = {start >> 20: start, other >> 20: other}.get(address >> 20)
        return Owner("loaded", "a.sys", base=whose & ~0xFFFFF) if whose else NO_OWNER

    verdict = judge_start(Code("x64", target.memory, start & ~0xFFFFF, 0, owner), start)
    assert verdict and (verdict.severity, verdict.destination) == ("high", other)
    assert "the pointer lies outside of the image" in verdict.summary
