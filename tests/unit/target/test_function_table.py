"""Where functions begin and end, and which may be called through pointers, held against LLVM."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pykd_ext.target.function_table import Extent, extent_of, is_guarded_target
from tests.lab.pe_image import PeImage
from tests.lab.toolchain import run
from tests.support.symbol_files.image_target import BASE, ImageTarget

pytestmark = pytest.mark.toolchain

SOURCE = """
void sink(void *);
int leaf(int a) { return a + 1; }
int table(int a) { char buffer[64]; sink(buffer); return buffer[a]; }
int deep(int a) { char buffer[0x3000]; sink(buffer); return table(buffer[a]); }
void sink(void *p) { *(volatile int *)p = 1; }
int (*pointers[])(int) = {table, leaf};
int main(void) { return pointers[0](1) + deep(2); }
void __chkstk(void) {}
void (*__guard_check_icall_fptr)(void) = __chkstk;
void (*__guard_dispatch_icall_fptr)(void) = __chkstk;

extern char __guard_fids_table[], __guard_fids_count, __guard_flags;
const struct {
    unsigned size;
    char before[0x7C];
    void *table, *count, *flags;
    char behind[0x90];
} _load_config_used = {0x128, "", __guard_fids_table, &__guard_fids_count, &__guard_flags};
"""
TRIPLES = {"x64": "x86_64-pc-windows-msvc", "arm64": "aarch64-pc-windows-msvc"}
PREFERRED = 0x1_4000_0000


@pytest.fixture(scope="module", params=TRIPLES)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With unwind tables, as the ABI wants them, and Control Flow Guard."""
    folder = tmp_path_factory.mktemp("functions")
    (folder / "code.c").write_text(SOURCE, encoding="ascii")
    run(
        "clang", f"--target={TRIPLES[request.param]}", "-c", "-O1", "-ffreestanding",
        "-fno-stack-protector", "-funwind-tables", "-Xclang", "-cfguard", "code.c", "-o",
        "code.obj", folder=folder,
    )  # fmt: skip
    run(
        "lld-link", "/nologo", f"/machine:{request.param}", "/subsystem:native", "/entry:main",
        "/nodefaultlib", "/opt:noref", "/opt:noicf", "/guard:cf", "/out:code.exe", "code.obj",
        folder=folder,
    )  # fmt: skip
    return folder / "code.exe"


def numbers(pattern: str, text: str) -> list[int]:
    return [int(each, 0) for each in re.findall(pattern, text)]


def extents_by_llvm(image: Path) -> list[tuple[int, int]]:
    """Start and end of each row, RVAs."""
    text = run("llvm-readobj", "--unwind", str(image))
    starts = numbers(r"(?:StartAddress: \(|Function: )(0x[0-9A-F]+)", text)
    ends = numbers(r"EndAddress: \((0x[0-9A-F]+)", text)
    lengths = numbers(r"FunctionLength: (\d+)", text)  # of ARM64
    ends = ends or [start + length for start, length in zip(starts, lengths)]
    return [(start - PREFERRED, end - PREFERRED) for start, end in zip(starts, ends)]


def test_a_row_is_found_from_each_of_its_bytes_and_no_leaf_has_one(image: Path) -> None:
    memory = ImageTarget(image).memory
    rows = extents_by_llvm(image)
    assert len(rows) == 3
    for rva in range(rows[0][0] - 16, rows[-1][1] + 16):
        covering = [Extent(*each, False) for each in rows if each[0] <= rva < each[1]]
        assert extent_of(memory, BASE, rva) == (covering[0] if covering else None), hex(rva)


def test_who_is_in_the_guard_table(image: Path) -> None:
    target, loaded = ImageTarget(image), PeImage(image)
    loaded.relocate(BASE)  # the table is named by its VA
    target.data[:] = loaded.data
    memory = target.memory
    config = run("llvm-readobj", "--coff-load-config", str(image))
    guarded = numbers(r"(0x[0-9A-F]+)", config.partition("GuardFidTable [")[2])
    assert len(guarded) >= 2
    low, high = min(guarded), max(guarded)
    for address in range(low - 16, high + 16):
        assert is_guarded_target(memory, BASE, address - PREFERRED) == (address in guarded)


def test_an_image_without_tables(image: Path) -> None:
    target = ImageTarget(image)
    directories = int.from_bytes(target.data[0x3C:0x40], "little") + 24 + 112
    for index in (3, 10):  # IMAGE_DIRECTORY_ENTRY_EXCEPTION, _LOAD_CONFIG
        target.data[directories + 8 * index : directories + 8 * index + 8] = bytes(8)
    start = extents_by_llvm(image)[0][0]
    assert extent_of(target.memory, BASE, start) is None
    assert is_guarded_target(target.memory, BASE, start) is None
