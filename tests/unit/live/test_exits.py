"""Where functions return: all of it, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykd_ext.live.exits import return_instructions
from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.memory import Memory
from tests.unit.assembly import PLACE, assembled

pytestmark = pytest.mark.toolchain

# The return instructions are one byte long and marked by the label's order; others are not found.
TWO = "test eax, eax; js 1f; ret; 1: jmp 2f; nop; 2: mov eax, 1; ret"
CODE: dict[str, tuple[str, str, list[int]]] = {
    "two": ("x64", TWO, [4, 13]),
    "loop": ("x64", "1: dec ecx; jne 1b; ret", [4]),
    "x86": ("x86", "test eax, eax; je 1f; inc eax; 1: ret 12", [5]),
    "arm64": ("arm64", "cbz w0, 1f; ret; 1: mov w0, #1; ret", [4, 12]),
    "table": ("x64", "test eax, eax; je 1f; jmp rcx; 1: ret", []),
    "too-many": ("x64", "".join(f"cmp eax, {n}; jne 1f; ret; 1: " for n in range(5)) + "ret", []),
    "traps": ("x64", "int 0x29; ret", []),
    "unreadable": ("x64", "test eax, eax; je 1f + 0x5000; 1: ret", []),
}


class Code:
    """Code at its place in a kernel, and nothing around it."""

    build = 19041

    def __init__(self, architecture: str, code: bytes) -> None:
        self.architecture = architecture
        self._start, self._code = PLACE[architecture], code.ljust(0x1000, b"\xcc")
        target: Any = self
        self.memory = Memory(target)

    def read(self, address: int, size: int) -> bytes:
        at = address - self._start
        if not 0 <= at <= len(self._code) - size:
            raise MemoryUnreadable(address, size)
        return self._code[at : at + size]


@pytest.mark.parametrize("name", CODE)
def test_return_instructions(name: str, tmp_path: Path) -> None:
    architecture, text, expected = CODE[name]
    code: Any = Code(architecture, assembled(architecture, text, tmp_path))
    start = PLACE[architecture]
    assert [each - start for each in return_instructions(code, start)] == expected
