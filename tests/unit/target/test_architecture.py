"""The records of processors, held to a compiler for Windows, and nobody else's business."""

from __future__ import annotations

import ast
import struct
import subprocess
from pathlib import Path

import pytest

from pykd_ext.target.architecture import ARCHITECTURES, architecture_of_machine

PACKAGE = Path(__file__).parents[3] / "pykd_ext"
TRIPLES = {"x64": "x86_64", "x86": "i386", "arm64": "aarch64"}

# Where registers have offsets, or numbers, of their own.
WITH_TABLES_OF_REGISTERS = {"architecture.py", "registers.py", "processors.py"}


@pytest.mark.toolchain
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_compiler_writes_the_same_machine_and_breakpoint(name: str, tmp_path: Path) -> None:
    source, made = tmp_path / "a.c", tmp_path / "a.obj"
    source.write_text("void f(void) { __builtin_debugtrap(); }")
    target = f"--target={TRIPLES[name]}-pc-windows-msvc"
    subprocess.run(["clang", target, "-O1", "-c", source, "-o", made], check=True)
    architecture = ARCHITECTURES[name]
    raw = made.read_bytes()
    (machine,), (text,) = struct.unpack_from("<H", raw), struct.unpack_from("<I", raw, 20 + 20)
    assert architecture_of_machine(machine) is architecture
    assert raw[text:].startswith(architecture.breakpoint)  # PointerToRawData of the first section


def test_a_machine_that_nobody_knows_has_no_record() -> None:
    assert architecture_of_machine(0x200) is None  # IMAGE_FILE_MACHINE_IA64


def test_a_signed_return_address_is_the_kernels() -> None:
    arm64 = ARCHITECTURES["arm64"]
    assert arm64.return_address(0x3A57_F803_1234_5678) == 0x3A57_F803_1234_5678, "bit 55 is clear"
    assert arm64.return_address(0x3AD7_F803_1234_5678) == 0xFFFF_F803_1234_5678
    x64 = ARCHITECTURES["x64"]
    assert x64.return_address(0x3AD7_F803_1234_5678) == 0x3AD7_F803_1234_5678


def test_machines_and_the_registers_of_a_convention_stand_in_one_file() -> None:
    machines = {each.machine for each in ARCHITECTURES.values() if each.pointer_size == 8}
    registers = {"rip", "eip", "rsp", "rax", "rcx"}  # "sp" and "pc" are parts of other words too
    for source in PACKAGE.rglob("*.py"):
        if source.name in WITH_TABLES_OF_REGISTERS:
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant):
                assert node.value not in machines | registers, f"{source}:{node.lineno}"
