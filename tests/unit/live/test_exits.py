"""Where functions return: all of it, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykd_ext.live.exits import return_instructions
from tests.support.assembly import PLACE, assembled
from tests.support.kernel_code import KernelCode

pytestmark = pytest.mark.toolchain

# The return instructions are one byte long and marked by the label's order; others are not found.
TWO = "test eax, eax; js 1f; ret; 1: jmp 2f; nop; 2: mov eax, 1; ret"
CODE: dict[str, tuple[str, str, list[int]]] = {
    "two": ("x64", TWO, [4, 13]),
    "loop": ("x64", "1: dec ecx; jne 1b; ret", [4]),
    "x86": ("x86", "test eax, eax; je 1f; inc eax; 1: ret 12", [5]),
    "arm64": ("arm64", "cbz w0, 1f; ret; 1: mov w0, #1; ret", [4, 12]),
    "table": ("x64", "test eax, eax; je 1f; jmp rcx; 1: ret", []),
    "table-in-it": ("x64", "test eax, eax; je 1f; jmp rcx; .byte 6; 1: ret", []),
    "too-many": ("x64", "".join(f"cmp eax, {n}; jne 1f; ret; 1: " for n in range(5)) + "ret", []),
    "traps": ("x64", "int 0x29; ret", []),
    "unreadable": ("x64", "test eax, eax; je 1f + 0x5000; 1: ret", []),
}


@pytest.mark.parametrize("name", CODE)
def test_return_instructions(name: str, tmp_path: Path) -> None:
    architecture, text, expected = CODE[name]
    code: Any = KernelCode(architecture, assembled(architecture, text, tmp_path))
    start = PLACE[architecture]
    assert [each - start for each in return_instructions(code, start)] == expected
