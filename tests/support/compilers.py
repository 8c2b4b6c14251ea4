"""Asks C compilers for Windows whether something is so."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# registry_information.h, and an ntdef.h that must not come before a compiler's own.
HEADERS = Path(__file__).parents[1] / "lab" / "c"


class Compiler(NamedTuple):
    """A compiler, as a command, for pointers of ``pointer_size`` bytes."""

    name: str
    command: tuple[str, ...]
    pointer_size: int

    def __str__(self) -> str:
        return self.name


# mingw-w64 has headers of its own, with most of wdm.h in them.
MINGW = (
    Compiler("mingw-x64", ("x86_64-w64-mingw32-gcc", "-D_WIN32_WINNT=0x0A00"), 8),
    Compiler("mingw-x86", ("i686-w64-mingw32-gcc", "-D_WIN32_WINNT=0x0A00"), 4),
)
# clang has no headers, but the ABI of Microsoft's compiler.
MSVC = (
    Compiler("msvc-x64", ("clang", "-target", "x86_64-pc-windows-msvc"), 8),
    Compiler("msvc-arm64", ("clang", "-target", "aarch64-pc-windows-msvc"), 8),
    Compiler("msvc-x86", ("clang", "-target", "i686-pc-windows-msvc"), 4),
)


def complaints(compiler: Compiler, headers: Iterable[str], claims: Iterable[str]) -> str:
    """What the compiler has against ``claims``, lines of C after ``headers``; empty for nothing."""
    lines = [*(f"#include <{header}>" for header in headers), *claims, ""]
    flags = (
        "-fsyntax-only",
        "-Werror",
        "-Wmissing-field-initializers",
        f"-idirafter{HEADERS}",
        "-xc",
        "-",
    )
    run = subprocess.run(
        [*compiler.command, *flags],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr if run.returncode else ""


def is_number(expression: str, value: int) -> str:
    """The claim that the constant ``expression`` is ``value``, both as 32 bits."""
    return f'_Static_assert((unsigned)({expression}) == {value:#x}u, "{expression} is {value:#x}");'
