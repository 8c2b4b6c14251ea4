"""What code does with data whose address it names or holds; assembled by clang."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext.kernel.held_addresses import HeldAddresses
from pykd_ext.kernel.instructions import decode
from tests.support.assembly import PLACE, assembled

pytestmark = pytest.mark.toolchain

# DATA is 0x1000 behind the start; on ARM64 adrp is relative to the page of the code, which is it.
ARM = "add x9, x9, 0x10;"
COUNTS = {
    "x64": [
        "lock inc dword ptr [rip + 0x1009]",
        "lea rcx, [rip + 0x1009]; or eax, -1; lock xadd [rcx], eax",
        "lea rcx, [rip + 0x1009]; mov rdx, rcx; mov eax, 1; lock xadd [rdx], eax",
        "lea rbx, [rip + 0x1001]; call 1f; 1: lock dec dword ptr [rbx + 8]",
        "lea rcx, [rip + 0x1009]; mov eax, [rcx]; inc eax; mov [rcx], eax",
        "lea rcx, [rip + 0x1009]; test eax, eax; je 1f; ret; 1: lock add dword ptr [rcx], 1",
    ],
    "x86": [
        "lock dec dword ptr [DATA]",
        "mov eax, DATA; inc ecx; lock xadd [eax], ecx",
        "mov eax, 0xffffffff; mov ecx, DATA; xadd [ecx], eax",
        "add dword ptr [DATA], 1",
    ],
    "arm64": [
        f"adrp x9, 1f; {ARM} 1: ldaxr w8, [x9]; add w8, w8, 1; stlxr w10, w8, [x9]; cbnz w10, 1b",
        f"adrp x9, 1f; {ARM} 1: mov w8, 1; ldaddal w8, w8, [x9]",
        f"adrp x9, 1f; {ARM} 1: mov w8, -1; stadd w8, [x9]",
        "adrp x9, 1f; 1: ldr w8, [x9, 0x10]; sub w8, w8, 1; str w8, [x9, 0x10]",
    ],
}
OTHERS = {
    "x64": [
        "lea rcx, [rip + 0x1009]; lock btr dword ptr [rcx], 0",
        "lea rcx, [rip + 0x1009]; lock cmpxchg [rcx], edx",
        "lea rcx, [rip + 0x1009]; mov eax, 16; lock xadd [rcx], eax",
        "lea rcx, [rip + 0x1009]; call 1f; 1: lock inc dword ptr [rcx]",
        "lea rcx, [rip + 9]; jmp 1f; lock inc dword ptr [rcx]; 1: ret",
        "lea rcx, [rip + 0x1009]; mov eax, [rcx]; add eax, 5; mov [rcx], eax",
        "mov [rip + 0x1009], eax",
    ],
    "x86": ["lock btr dword ptr [DATA], 0", "mov ecx, DATA; lock or dword ptr [ecx], 1"],
    "arm64": [
        f"adrp x9, 1f; {ARM} 1: mov w8, 1; ldsetal w8, w8, [x9]",
        f"adrp x9, 1f; {ARM} 1: casal w7, w8, [x9]",
        f"adrp x9, 1f; {ARM} 1: ldaxr w8, [x9]; orr w8, w8, 1; stlxr w10, w8, [x9]",
    ],
}


def counted(architecture: str, text: str, folder: Path) -> set[int]:
    start = PLACE[architecture]
    text = text.replace("DATA", f"{start + 0x1010:#x}")
    code = decode(architecture, assembled(architecture, text, folder), start)
    uses = HeldAddresses(architecture).references(code)
    return {each.address - start for each in uses if each.use == "count"}


@pytest.mark.parametrize("architecture", COUNTS)
def test_what_counts(architecture: str, tmp_path: Path) -> None:
    for text in COUNTS[architecture]:
        (found,) = counted(architecture, text, tmp_path)
        wanted = (
            range(0x1009, 0x1021)
            if architecture == "x64"
            else [0x1010 if architecture == "x86" else 0x10]
        )
        assert found in wanted, text


@pytest.mark.parametrize("architecture", OTHERS)
def test_what_locks_or_only_changes(architecture: str, tmp_path: Path) -> None:
    for text in OTHERS[architecture]:
        assert counted(architecture, text, tmp_path) == set(), text
