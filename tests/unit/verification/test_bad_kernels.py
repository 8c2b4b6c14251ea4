"""Files that are no kernel's, and hostile code: each ends in one line that says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab import PROFILES
from tests.lab.build import build
from tests.support.kernel_files import image_of, patched, symbols_of, with_header
from tests.support.regcb import MakeDump, Regcb

pytestmark = pytest.mark.toolchain

X64, ARM64 = "x64-19041", "arm64-22621"


def refused(regcb: Regcb, path: Path) -> str:
    status, output, errors = regcb("verify", path)
    assert (status, output, errors.count("\n")) == (2, "", 1), errors
    assert str(path) in errors
    return errors


@pytest.mark.parametrize("contents", [b"", b"MZ", b"MZ" + bytes(0x200), b"no image at all" * 9])
def test_files_that_are_no_image(contents: bytes, tmp_path: Path, regcb: Regcb) -> None:
    path = tmp_path / "ntoskrnl.exe"
    path.write_bytes(contents)
    assert "is no image of a kernel, and a dump is opened with -z: " in refused(regcb, path)


def test_a_file_that_is_not_there(tmp_path: Path, regcb: Regcb) -> None:
    assert "cannot be read" in refused(regcb, tmp_path / "ntoskrnl.exe")


def test_a_driver_has_not_the_exports(regcb: Regcb) -> None:
    driver = build(PROFILES[X64]).image("avfilter.sys")
    assert "is no kernel: it does not export" in refused(regcb, driver)


def test_an_unknown_machine(tmp_path: Path, regcb: Regcb) -> None:
    path = with_header(X64, tmp_path, 4, "<H", 0x1C4)  # IMAGE_FILE_MACHINE_ARMNT
    assert "its machine 0x01c4 is none of" in refused(regcb, path)


def test_relocations_that_are_stripped(tmp_path: Path, regcb: Regcb) -> None:
    characteristics = 4 + 18
    assert "no relocations" in refused(
        regcb, with_header(X64, tmp_path, characteristics, "<H", 0x23)
    )


def test_relocations_that_lie(tmp_path: Path, regcb: Regcb) -> None:
    directory = 24 + 112 + 8 * 5  # IMAGE_DIRECTORY_ENTRY_BASERELOC
    assert "damaged" in refused(regcb, with_header(X64, tmp_path, directory, "<I", 0x1000))


def test_an_image_of_four_gigabytes(tmp_path: Path, regcb: Regcb) -> None:
    size_of_image = 24 + 56
    path = with_header(X64, tmp_path, size_of_image, "<I", 0xFFFF_F000)
    assert "SizeOfImage 0xfffff000 is no kernel's" in refused(regcb, path)


# What is put in place of a routine: its code, and why that ends.
HOSTILE = {
    "loops": (X64, "ebfe", "did not come back within 2000000 instructions"),
    "leaves": (X64, "48b800100000a0ffffff ffe0", "leaves its image, for 0xffffffa000001000"),
    "runs its stack": (X64, "4889e0 ffe0", "the code leaves its image"),
    "reads nowhere": (X64, "488b042500000000", "reads 0x0, outside"),
    "writes nowhere": (X64, "4889042510000000", "writes to 0x10, outside"),
    "breaks": (X64, "cc", "raises interrupt 0x3"),
    "halts": (X64, "f4", "the code waits for an interrupt"),
    "is none": (X64, "0f0b", "Invalid instruction"),
    "loops on ARM64": (ARM64, "00000014", "did not come back within 2000000 instructions"),
    "leaves on ARM64": (ARM64, "00008052 00001fd6", "leaves its image, for 0x0"),
    "asks the system": (ARM64, "010000d4", "raises interrupt"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_code_stops_with_its_instruction(kind: str, tmp_path: Path, regcb: Regcb) -> None:
    profile, code, why = HOSTILE[kind]
    path = patched(profile, tmp_path, "CmRegisterCallbackEx", bytes.fromhex(code))
    status, output, errors = regcb("verify", path, "--json")
    assert (status, errors) == (2, "")
    (halted,) = json.loads(output)["halted"]
    assert why in halted["why"]
    rva = build(PROFILES[profile]).symbol_rvas("ntoskrnl.exe")["CmRegisterCallbackEx"]
    _, text, _ = regcb("verify", path)
    if "leaves" not in kind and "stack" not in kind:
        assert halted["instruction"]
        assert f"registering stopped at nt+{rva:#x}" in text


def test_code_that_asks_for_four_gigabytes(tmp_path: Path, regcb: Regcb) -> None:
    """x64: ecx = 1, edx = 0xffffffff, r8d = a tag; then ExAllocatePoolWithTag."""
    rvas = build(PROFILES[X64]).symbol_rvas("ntoskrnl.exe")
    start = rvas["CmRegisterCallbackEx"]
    code = bytes.fromhex("b901000000 baffffffff 41b841424344 e9")
    there = rvas["ExAllocatePoolWithTag"] - (start + len(code) + 4)
    code += there.to_bytes(4, "little", signed=True)
    status, output, _ = regcb("verify", patched(X64, tmp_path, "CmRegisterCallbackEx", code))
    assert status == 2
    assert "having asked for 0xffffffff bytes of pool" in output


def test_pages_that_a_dump_has_not(lab_dump: MakeDump, tmp_path: Path, regcb: Regcb) -> None:
    """They are named; the image's file on the symbol path has them."""
    own = next(i for i, each in enumerate(lab_dump(X64).callbacks) if each.owner == "ntoskrnl.exe")
    truth = lab_dump(X64, damage=(f"code-unreadable@{own}",))
    words = ["-z", truth.path, "verify", "-y"]
    status, output, _ = regcb(*words, truth.symbols)
    assert status == 2
    assert "absent pages of the kernel that were asked for: 0xfffff804" in output
    (tmp_path / "ntoskrnl.exe").write_bytes(image_of(X64).read_bytes())
    status, output, _ = regcb(*words, f"{symbols_of(X64)};{tmp_path}")
    assert (status, output.splitlines()[-1][:8]) == (0, "27 of 27")
