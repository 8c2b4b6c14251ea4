"""``regcb verify`` on the lab's kernels: what holds, and what it notices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab import PROFILES
from tests.lab.build import build
from tests.support.kernel_files import image_of, patched, symbols_of
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

pytestmark = pytest.mark.toolchain

ARCHITECTURES = ["x64-19041", "x86-7601", "arm64-22621"]
# By the C of the lab, and by Windows: see SOURCES.md, 1.1 and 1.2.
LAYOUTS = {
    "x64-19041": {
        "size": 0x50, "link": 0, "active_uses": 0x10, "flags": 0x14, "cookie": 0x18,
        "caller_context": 0x20, "function": 0x28, "altitude": 0x30, "object_contexts": 0x40,
    },
    "x86-7601": {
        "size": 0x30, "link": 0, "active_uses": 8, "flags": None, "cookie": 0x10,
        "caller_context": 0x18, "function": 0x1C, "altitude": 0x20, "object_contexts": 0x28,
    },
}  # fmt: skip
LAYOUTS["arm64-22621"] = LAYOUTS["x64-19041"]


def verified(regcb: Regcb, status: int, *words: str | Path) -> dict[str, Any]:
    done, output, errors = regcb("verify", *words, "--json")
    assert (done, errors) == (status, ""), errors or output
    document: dict[str, Any] = json.loads(output)
    validate(document)
    return document


def wrong(document: dict[str, Any]) -> dict[str, str]:
    """What does not hold: what this kernel does instead."""
    return {row["what"]: row["kernel"] for row in document["rows"] if row["holds"] is False}


def test_the_table_fits_a_window(regcb: Regcb) -> None:
    for profile in ("x64-26100", "x86-2600"):
        _, output, _ = regcb("verify", image_of(profile), "-y", str(symbols_of(profile)))
        table = output.splitlines()[1:]  # the first has the file's path
        assert max(map(len, table)) <= 120


@pytest.mark.parametrize("profile", ARCHITECTURES)
def test_an_image_proves_the_whole_layout(profile: str, regcb: Regcb) -> None:
    document = verified(regcb, 0, image_of(profile), "-y", str(symbols_of(profile)))
    assert document["layout"] == LAYOUTS[profile]
    assert (document["unseen"], document["halted"], document["problems"]) == ([], [], [])
    rvas = build(PROFILES[profile]).symbol_rvas("ntoskrnl.exe")
    rows = {row["what"]: row["kernel"] for row in document["rows"]}
    for name in ("CallbackListHead", "CmpCallBackCount", "CmpCallbackCookie"):
        assert rows[name] == f"nt+{rvas[name]:#x}"
    assert rows["returns behind the calls that are known"] == "15 of 15"


@pytest.mark.parametrize("profile", ARCHITECTURES)
def test_a_dump_proves_it_by_its_own_kernel(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile)
    document = verified(regcb, 0, "-z", truth.path, "-y", str(truth.symbols))
    assert document["layout"] == LAYOUTS[profile]


def test_a_callback_of_the_kernel_that_is_called_directly(regcb: Regcb) -> None:
    """24H2's code compares Function with VrpRegistryCallback first: that call is driven, too."""
    profile = "x64-26100"
    document = verified(regcb, 0, image_of(profile), "-y", str(symbols_of(profile)))
    assert len([row for row in document["rows"] if row["what"].endswith(": block")]) == 3


@pytest.mark.parametrize("source", ["image", "dump"])
def test_the_vector_of_xp(source: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x86-2600")
    words = [image_of("x86-2600")] if source == "image" else ["-z", truth.path]
    document = verified(regcb, 0, *words, "-y", str(truth.symbols))
    assert (document["kind"], document["holds"]) == ("vector", True)


@pytest.mark.parametrize("profile", ["x86-2600", "x64-3790"])
def test_without_symbols_the_vector_is_found_by_its_code(profile: str, regcb: Regcb) -> None:
    document = verified(regcb, 0, image_of(profile), "--no-symbols")
    rvas = build(PROFILES[profile]).symbol_rvas("ntoskrnl.exe")
    rows = {row["what"]: row["table"] for row in document["rows"]}
    for name in ("CmpCallBackVector", "CmpCallBackCount"):
        assert rows[name] == f"nt+{rvas[name]:#x}"


def test_without_symbols_the_dispatcher_is_found_by_its_code(regcb: Regcb) -> None:
    """This kernel has .pdata, as every real one of x64."""
    image = build(PROFILES["x64-19041"], runs=True).image("ntoskrnl.exe")
    document = verified(regcb, 0, image, "--no-symbols")
    assert document["layout"] == LAYOUTS["x64-19041"]


def test_the_table_is_what_is_read(regcb: Regcb) -> None:
    status, output, errors = regcb("verify", image_of("x64-19041"), "-y", symbols_of("x64-19041"))
    lines = output.splitlines()
    assert (status, errors) == (0, "")
    assert lines[1].split("  ")[0] == "What" and lines[1].endswith("Holds")
    assert lines[-1] == "27 of 27 rows hold: the layout is verified for this kernel"


# x64: how the kernel stores Context (+0x20) and Function (+0x28) into a new block.
def test_a_kernel_that_swaps_two_fields(tmp_path: Path, regcb: Regcb) -> None:
    profile = "x64-19041"
    symbol = "CmpRegisterCallbackInternal"
    start = build(PROFILES[profile]).symbol_rvas("ntoskrnl.exe")[symbol]
    image = image_of(profile)
    code = pe_bytes(image, start, 0xA0)
    swapped = swap_displacements(code, 0x20, 0x28)
    document = verified(
        regcb, 1, patched(profile, tmp_path, symbol, swapped), "-y", str(symbols_of(profile))
    )
    found = wrong(document)
    assert (found["Function"], found["CallerContext"]) == ("+0x20", "+0x28")
    assert document["layout"]["function"] == 0x20


def pe_bytes(image: Path, rva: int, size: int) -> bytes:
    import pefile

    with pefile.PE(str(image), fast_load=True) as pe:
        data: bytes = pe.get_data(rva, size)
    return data


def swap_displacements(code: bytes, one: int, other: int) -> bytes:
    """Exchanges two byte displacements of ``mov [reg+disp8], reg`` (REX.W 89 /r, mod 1)."""
    data, changed = bytearray(code), 0
    for at in range(len(code) - 3):
        is_store = code[at] & 0xF8 == 0x48 and code[at + 1] == 0x89 and code[at + 2] >> 6 == 1
        if is_store and code[at + 3] in (one, other):
            data[at + 3] = other if code[at + 3] == one else one
            changed += 1
    assert changed == 2, code.hex()
    return bytes(data)


def test_a_routine_that_was_patched_to_return(tmp_path: Path, regcb: Regcb) -> None:
    """xor eax, eax; ret: it says that it has registered."""
    image = patched("x64-19041", tmp_path, "CmRegisterCallbackEx", bytes.fromhex("31c0c3"))
    document = verified(regcb, 2, image)
    (halted,) = document["halted"]
    assert "no pool block holds the function" in halted["why"]


def test_an_unregistration_that_does_nothing(tmp_path: Path, regcb: Regcb) -> None:
    image = patched("x64-19041", tmp_path, "CmUnRegisterCallback", bytes.fromhex("31c0c3"))
    document = verified(regcb, 1, image, "-y", str(symbols_of("x64-19041")))
    assert wrong(document)["CmUnRegisterCallback"] == "0x00000000, still there"


def test_without_unicorn_one_line_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, regcb: Regcb
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "unicorn", None)
    status, output, errors = regcb("verify", image_of("x64-19041"))
    assert (status, output) == (2, "")
    assert errors.count("\n") == 1 and "pip install 'regcb[verify]'" in errors
