"""The calls of callbacks as kernels of many years make them, at a kernel's addresses.

Every choice of an internal callback's argument that was read, with every way to call: directly,
through the control flow guard in its forms, retpolines, the kernel's own callback by name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext.kernel.code import disassemble
from pykd_ext.live.call_site import CallSite, find_call_sites
from pykd_ext.live.data_flow import Place

from ..assembly import PLACE, assembled
from ..notify.byte_target import ByteTarget

pytestmark = pytest.mark.toolchain

# Block rdi, class {number}, information {info}, extended [rsp + 0x150]; {n}: labels' own number.
CHOICES = {
    "plain": "mov r8, {info}",
    "cmov": "test byte ptr [rdi+0x14], 1; mov r8, {info}; cmovne r8, [rsp+0x150]",
    "and-cmov": "mov rcx, [rsp+0x150]; mov r8, {info}; test rcx, rcx; je {n}1f;"
    " test byte ptr [rdi+0x14], 1; cmovne r8, rcx; {n}1:",
    "and-default": "mov rcx, [rsp+0x150]; mov r8, {info}; test rcx, rcx; je {n}1f;"
    " test byte ptr [rdi+0x14], 1; je {n}1f; mov r8, rcx; {n}1:",
    "and-else": "mov rcx, [rsp+0x150]; test rcx, rcx; je {n}1f; test byte ptr [rdi+0x14], 1;"
    " je {n}1f; mov r8, rcx; jmp {n}2f; {n}1: mov r8, {info}; {n}2:",
    "and-back": "mov rcx, [rsp+0x150]; test rcx, rcx; je {n}1f; test byte ptr [rdi+0x14], 1;"
    " jne {n}2f; {n}1: mov rcx, {info}; {n}2: mov r8, rcx",
    "and-far": "mov rcx, [rsp+0x150]; test rcx, rcx; jne far{n}; {n}1: mov r8, {info}; near{n}:",
}
FAR = (
    "far{n}: test byte ptr [rdi+0x14], 1; je back{n}; mov r8, rcx; jmp near{n};"
    " back{n}: mov r8, {info}; jmp near{n}"
)
ARGUMENTS = "movsxd rdx, {number}; mov rcx, [rdi+0x20];"
CALLS = {
    "direct": f"{ARGUMENTS} call [rdi+0x28]",
    "guard": f"mov rax, [rdi+0x28]; {ARGUMENTS} call dispatch",
    "guard-pointer": f"mov rax, [rdi+0x28]; {ARGUMENTS} call [rip + pointer]",
    "guard-check": f"mov rsi, [rdi+0x28]; mov rcx, rsi; call [rip + pointer]; mov r8, {{info}};"
    f" {ARGUMENTS} call rsi",
    "xfg": f"mov rax, [rdi+0x28]; {ARGUMENTS} movabs r10, 0x8f3a1d5577aa0071; call [rip + pointer]",
    "retpoline": f"mov r11, [rdi+0x28]; {ARGUMENTS} call retpoline",
    "own-first": f"mov rax, [rdi+0x28]; lea r9, [rip + own]; {ARGUMENTS} cmp rax, r9; jne {{n}}3f;"
    " call own; jmp {n}4f; {n}3: call dispatch; {n}4:",
    "own-apart": f"mov rax, [rdi+0x28]; lea r9, [rip + own]; {ARGUMENTS} cmp rax, r9; jne {{n}}3f;"
    " call own; mov [rsp+0x24], eax; jmp {n}5f; {n}3: call dispatch; {n}4: mov [rsp+0x24], eax;"
    " {n}5:",
}
BEFORE = """
sub rsp, 0x98; mov r15, rdx; mov ebx, ecx; mov r14, [rsp+0x170]; cmp r9b, 1; jne post
next: mov rdi, [rdi]; test rdi, rdi; je post
mov r8, rdi; add r8, 0x18; mov rdx, r15; mov ecx, ebx; call fill
"""
BETWEEN = """
mov [rsp+0x24], eax; cmp ebx, 14; je next; test eax, eax; jns next; jmp done
post: mov r12d, ebx; mov rbp, r15
again: mov rsi, [r14+8]; cmp rsi, r14; je done; mov rdi, [rsi+0x18]
lea r8, [rdi+0x18]; mov rdx, rbp; mov ecx, r12d; call fill
"""
AFTER = """
mov [rsp+0x24], eax; cmp eax, 0xc0000503; jne again; jmp again
done: add rsp, 0x98; ret
.org 0x800; pointer: .quad 0; fill: ret; dispatch: ret; own: ret; retpoline: ret
.org 0x3000
"""


def code(choice: str, call: str) -> str:
    """A function with both loops; what a choice has far away lies behind everything."""
    parts: list[str] = []
    for n, number, info in ((1, "ebx", "r15"), (2, "r12d", "rbp")):
        text = f"{CHOICES[choice]}; {CALLS[call]}"
        parts.append(text.replace("{n}", str(n)).format(number=number, info=info))
    far = "\n".join(
        FAR.replace("{n}", str(n)).format(info=info) for n, info in ((1, "r15"), (2, "rbp"))
    )
    text = BEFORE + parts[0] + BETWEEN + parts[1] + AFTER
    return text + (far if choice == "and-far" else "ret")


def sites(text: str, folder: Path) -> tuple[list[CallSite], set[str]]:
    """What is found, and the instructions there."""
    target = ByteTarget("x64")
    raw = assembled("x64", text, folder)
    target.write(PLACE["x64"], raw)
    target.symbols["CmpCallbackFillObjectContext"] = PLACE["x64"] + 0x808
    found = find_call_sites(target, PLACE["x64"])
    return found, {disassemble(target, site.call, 1)[0].text for site in found}


@pytest.mark.parametrize("call", CALLS)
def test_both_calls_are_found(call: str, tmp_path: Path) -> None:
    for choice in CHOICES:
        found, called = sites(code(choice, call), tmp_path)
        expected = [(Place("rbx"), Place("r15")), (Place("r12"), Place("rbp"))]
        each = 2 if call == "own-apart" else 1
        assert [(site.notify_class, site.information) for site in found] == [
            place for place in expected for _ in range(each)
        ], choice
        assert call != "guard-check" or called == {"call rsi"}, choice
        assert {site.block for site in found} == {Place("rdi")}, choice


def test_a_switch_between_the_loops(tmp_path: Path) -> None:
    """What only a table leads to is read as well."""
    text = code("plain", "guard").replace("jne post", "jne switch").replace("je post", "je switch")
    text = text.replace("post: ", "switch: mov rax, [rip + pointer]; jmp rax; post: ")
    found, _ = sites(text, tmp_path)
    assert [site.notify_class for site in found] == [Place("rbx"), Place("r12")]
