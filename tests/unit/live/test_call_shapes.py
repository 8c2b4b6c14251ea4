"""The calls of callbacks as kernels of many years make them, at a kernel's addresses.

Every choice of an internal callback's argument that was read, with every way to call: directly,
through the control flow guard in its forms, retpolines, the kernel's own callback by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pykd_ext.kernel.code import disassemble
from pykd_ext.live.call_site import CallSite, find_call_sites
from pykd_ext.live.data_flow import Location
from pykd_ext.live.returns import place
from tests.support.assembly import PLACE, assembled
from tests.support.byte_target import ByteTarget

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


def target_of(text: str, folder: Path, architecture: str = "x64") -> ByteTarget:
    """One with that code, and the fill behind the pointer at 0x800."""
    target = ByteTarget(architecture)
    target.write(PLACE[architecture], assembled(architecture, text, folder))
    target.symbols["CmpCallbackFillObjectContext"] = PLACE[architecture] + 0x808
    return target


def sites(text: str, folder: Path, architecture: str = "x64") -> tuple[list[CallSite], set[str]]:
    """What is found, and the instructions there."""
    target = target_of(text, folder, architecture)
    found = find_call_sites(target, PLACE[architecture])
    return found, {disassemble(target, site.call, 1)[0].text for site in found}


@pytest.mark.parametrize("call", CALLS)
def test_both_calls_are_found(call: str, tmp_path: Path) -> None:
    for choice in CHOICES:
        found, called = sites(code(choice, call), tmp_path)
        expected = [(Location("rbx"), Location("r15")), (Location("r12"), Location("rbp"))]
        each = 2 if call == "own-apart" else 1
        assert [(site.notify_class, site.information) for site in found] == [
            place for place in expected for _ in range(each)
        ], choice
        assert call != "guard-check" or called == {"call rsi"}, choice
        assert {site.block for site in found} == {Location("rdi")}, choice


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        (BEFORE, ("only that AFTER it", "refusals are missing")),
        (BETWEEN, ("only that BEFORE it", "a result that one changes there is missing")),
    ],
)
def test_a_call_that_is_not_found_is_missed_aloud(
    hidden: str, said: tuple[str, str], tmp_path: Path
) -> None:
    text = code("plain", "direct")
    problems = []
    for each in (text, text.replace(hidden, hidden.replace("call fill", "call own"))):
        target = target_of(each, tmp_path)
        target.symbols["CmpCallCallBacksEx"] = PLACE["x64"]
        problems.append(place(target).problems)
    nothing, (problem,) = problems
    assert nothing == []
    assert "NOT SEEN" in problem
    assert all(each in problem for each in said)


def test_a_switch_between_the_loops(tmp_path: Path) -> None:
    """What only a table leads to is read as well."""
    text = code("plain", "guard").replace("jne post", "jne switch").replace("je post", "je switch")
    text = text.replace("post: ", "switch: mov rax, [rip + pointer]; jmp rax; post: ")
    found, _ = sites(text, tmp_path)
    assert [site.notify_class for site in found] == [Location("rbx"), Location("r12")]


class Other(NamedTuple):
    """A call on another processor, with what is before it and the last instruction of both."""

    architecture: str
    text: str
    notify_class: Location
    information: Location
    block: Location | None
    called: str


CHECK = "call dword ptr ds:[0x82840800]"
X86_FILL = "lea eax, [ebp+0x10]; push eax; push dword ptr [esp+0x58]; push ebx; call fill;"
OTHERS = {
    # As 7 SP1 has it: a frame pointer, the class among the arguments.
    "x86-frame": Other(
        "x86", "lea eax, [ebx+0x10]; push eax; push esi; push [ebp+8]; call fill; push esi;"
        " push [ebp+8]; push [ebx+0x18]; call [ebx+0x1c]",
        Location("ebp", 8), Location("esi"), Location("ebx"), "call dword ptr [ebx + 0x1c]",
    ),
    "x86-check": Other(
        "x86", "lea eax, [ebx+0x10]; push eax; push edi; push [ebp+8]; call fill;"
        f" mov esi, [ebx+0x1c]; mov ecx, esi; {CHECK}; push edi; push [ebp+8]; push [ebx+0x18];"
        " call esi", Location("ebp", 8), Location("edi"), Location("ebx"), "call esi",
    ),
    # As Vista SP2 has it after an operation: the fill's arguments in registers of its own.
    "x86-registers": Other(
        "x86", "lea eax, [esi+0x10]; mov esi, edi; mov ecx, [ebp+8]; call fill; push edi;"
        " push [ebp+8]; mov eax, [ebp+0x10]; push [eax+0x18]; call [eax+0x1c]",
        Location("ebp", 8), Location("edi"), Location("ebp", 0x10), "call dword ptr [eax + 0x1c]",
    ),
    # By esp alone: pushes move it, a callee takes its arguments off, the check has none.
    "x86-esp": Other(
        "x86", f"{X86_FILL} mov ebx, [ebp+0x18]; mov ecx, [ebp+0x1c]; {CHECK};"
        " push dword ptr [esp+0x54]; mov eax, [esp+0x54]; push eax; push ebx; mov ebx, eax;"
        " call ecx", Location("esp", 0x50), Location("esp", 0x54), Location("ebp"), "call ecx",
    ),
    "x86-esp-moved": Other(
        "x86", "sub esp, 8; lea eax, [ebp+0x10]; push eax; push dword ptr [esp+0x60]; push ebx;"
        " call fill; mov [esp+0x58], eax; add esp, 8; mov ecx, [ebp+0x1c];"
        f" {CHECK}; push dword ptr [esp+0x54]; push ebx; push [ebp+0x18]; call ecx",
        Location("ebx"), Location("esp", 0x54), Location("ebp"), "call ecx",
    ),
    "arm64-check": Other(
        "arm64", "mov w0, w22; mov x1, x21; add x2, x20, #0x18; bl fill; ldr x15, [x20, #0x28];"
        " adrp x8, pointer; ldr x8, [x8, #0x20]; blr x8; mov x2, x21; mov w1, w22;"
        " ldr x0, [x20, #0x20]; blr x15",
        Location("x22"), Location("x21"), Location("x20"), "blr x15",
    ),
    "arm64-icall": Other(
        "arm64", "mov w0, w22; mov x1, x21; add x2, x20, #0x18; bl fill; adrp x8, pointer;"
        " ldr x9, [x8, #0x20]; ldr x15, [x20, #0x28]; mov x2, x21; mov w1, w22;"
        " ldr x0, [x20, #0x20]; blr x9",
        Location("x22"), Location("x21"), Location("x20"), "blr x9",
    ),
}  # fmt: skip
# Around it: the status is looked at, and the fill lies where target_of says.
AROUND = {
    "x86": "again: {0}; test eax, eax; jns again; ret; .org 0x808; fill: ret 12; .org 0x1000",
    "arm64": "again: {0}; tbz w0, #31, again; ret; .org 0x800; pointer: .quad 0; fill: ret;"
    " .org 0x1000",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_processors(name: str, tmp_path: Path) -> None:
    other = OTHERS[name]
    found, called = sites(
        AROUND[other.architecture].format(other.text), tmp_path, other.architecture
    )
    assert [(each.notify_class, each.information, each.block) for each in found] == [other[2:5]]
    assert called == {other.called}


@pytest.mark.parametrize(
    "store", ["mov [esp+0x54], eax;", "push eax; mov [esp+0x58], eax; pop eax;"]
)
def test_a_slot_that_is_used_again_is_not_taken(store: str, tmp_path: Path) -> None:
    """Whatever it is called where that is done."""
    other = OTHERS["x86-esp"]
    text = AROUND["x86"].format(other.text.replace("call fill;", f"call fill; {store}"))
    assert sites(text, tmp_path, "x86")[0] == []


@pytest.mark.parametrize(
    ("first", "home"), [("mov esi, [ebp+0xC];", [Location("ebp", 0xC)]), ("", [])]
)
def test_a_register_that_is_needed_for_the_class(
    first: str, home: list[Location], tmp_path: Path
) -> None:
    """What it held is found in the slot that it was loaded from, if it was on every way."""
    text = (
        f"{first} again: lea eax, [ebx+0x10]; push eax; push esi; push [ebp+8]; call fill;"
        f" mov ecx, [ebx+0x1c]; {CHECK}; push esi; mov esi, [ebp+8]; push esi; push [ebx+0x18];"
        " call ecx; mov esi, [ebp+0xC]; test eax, eax; jns again; ret; .org 0x808; fill: ret 12;"
        " .org 0x1000"
    )
    assert [each.information for each in sites(text, tmp_path, "x86")[0]] == home
