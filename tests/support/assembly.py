"""Assembly text as machine code, by clang."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["PLACE", "assembled"]

TRIPLES = {"x64": "x86_64", "x86": "i386", "arm64": "aarch64"}

# Where code lies in a kernel: numbers there are negative to those who take them for signed.
PLACE = {"x64": 0xFFFFF80312340000, "x86": 0x82840000, "arm64": 0xFFFFF80312340000}


def assembled(architecture: str, text: str, folder: Path) -> bytes:
    """The machine code of ``text``; a semicolon is as good as a line."""
    source, made, raw = folder / "a.s", folder / "a.o", folder / "a.bin"
    syntax = ".arch armv8.3-a+lse" if architecture == "arm64" else ".intel_syntax noprefix"
    source.write_text("\n".join([syntax, *text.split(";"), ""]))
    triple = f"{TRIPLES[architecture]}-unknown-linux-gnu"
    subprocess.run(["clang", f"--target={triple}", "-c", source, "-o", made], check=True)
    subprocess.run(["llvm-objcopy", "-O", "binary", "-j", ".text", made, raw], check=True)
    return raw.read_bytes()
