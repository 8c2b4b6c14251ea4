"""Bad input: one clear line that says what was wrong and what to do, exit status 2."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Truth, make_dump
from tests.lab.bad_inputs import BAD_INPUTS, make_bad_input
from tests.support.regcb import MakeDump, Regcb

SAYS = {
    "empty": "the file is empty",
    "text": "is not a Windows crash dump: it starts with b'Microsof'",
    "user-minidump": "is a user-mode minidump; registry callbacks live in the kernel",
    "triage": "nothing of this small memory dump can be read",
    "header-only": "is the header of a dump alone (type 3)",
    "unknown-type": "unknown dump type",
    "unknown-machine": "machine type",
    "header-cut": "cut off in its header",
}


def refused(regcb: Regcb, *words: str | Path) -> str:
    """The one line of a refused command line."""
    status, output, errors = regcb(*words)
    assert (status, output) == (2, "")
    assert errors.startswith("regcb: ")
    assert errors.count("\n") == 1
    return errors


@pytest.mark.parametrize("kind", BAD_INPUTS)
def test_files_that_are_no_dump_of_a_kernel(kind: str, tmp_path: Path, regcb: Regcb) -> None:
    path = tmp_path / "bad.dmp"
    make_bad_input(path, kind)
    line = refused(regcb, "list", "-z", path)
    assert str(path) in line
    assert SAYS[kind] in line


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"),
        (b"\x28\xb5\x2f\xfd\x04", "a Zstandard file: unpack it"),
        (b"MZ\x90\0", "a Windows program or driver"),
    ],
)
def test_files_that_stand_for_a_dump_now_and_then(
    start: bytes, says: str, tmp_path: Path, regcb: Regcb
) -> None:
    path = tmp_path / "MEMORY.dmp"
    path.write_bytes(start.ljust(0x2000, b"\0"))
    assert f"is not a Windows crash dump, but {says}\n" in refused(regcb, "list", "-z", path)


def test_files_that_cannot_be_opened(tmp_path: Path, regcb: Regcb) -> None:
    assert "No such file" in refused(regcb, "list", "-z", tmp_path / "none.dmp")
    assert "cannot be opened: it is a folder" in refused(regcb, "list", "-z", tmp_path)


@pytest.mark.parametrize(
    ("offset", "raw", "says"),
    [
        (0x88, b"\xff\xff\xff\xff", "physical memory runs are damaged"),
        (0x88, b"\0\0\0\0", "physical memory runs are damaged"),
        (0x10, b"\xff" * 8, "are not the kernel's: the dump has not got that page"),
        (0x10, b"\0\xe0\x1a\0\0\0\0\0", "they do not map PsLoadedModuleList at 0xfffff804"),
        (0x20, b"\0" * 8, "they map Windows' shared data, but not PsLoadedModuleList at 0x0"),
    ],
)
def test_damaged_headers(
    offset: int, raw: bytes, says: str, lab_dump: MakeDump, tmp_path: Path, regcb: Regcb
) -> None:
    truth = lab_dump("x64-19041")
    data = bytearray(Path(truth.path).read_bytes())
    data[offset : offset + len(raw)] = raw
    if offset == 0x20:  # and no other way to the kernel
        data[0x80:0x88] = bytes(8)
    path = tmp_path / "damaged.dmp"
    path.write_bytes(data)
    line = refused(regcb, "list", "-z", path, "-y", truth.symbols)
    assert says in line
    assert ("the page tables that the header names" in line) == (offset != 0x88)


def test_a_kernel_is_found_by_its_debugger_data_too(
    lab_dump: MakeDump, tmp_path: Path, regcb: Regcb
) -> None:
    truth = lab_dump("x64-19041")
    data = bytearray(Path(truth.path).read_bytes())
    data[0x20:0x28] = bytes(8)
    path = tmp_path / "no-list.dmp"
    path.write_bytes(data)
    status, output, _ = regcb("list", "-z", path, "-y", truth.symbols)
    assert status == 0
    assert all(each.altitude in output for each in truth.callbacks if each.altitude)


@pytest.mark.parametrize("size", [0x2000, 0x2010, 0x2800])
def test_a_damaged_page_bitmap(size: int, lab_dump: MakeDump, tmp_path: Path, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", 5)
    path = tmp_path / "cut.dmp"
    path.write_bytes(Path(truth.path).read_bytes()[:size])
    assert "cut.dmp" in refused(regcb, "list", "-z", path, "-y", truth.symbols) or size > 0x2010


def test_a_kernel_that_does_not_show_its_list(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4, damage=("head-unreadable",))
    line = refused(regcb, "list", "-z", truth.path, "-y", truth.symbols)
    assert "the list head nt!CallbackListHead cannot be read: memory at 0x" in line


def by_code(regcb: Regcb, truth: Truth, symbols: str | Path) -> str:
    """The line that says why there were no symbols, of a list that is whole without."""
    status, output, errors = regcb("list", "-z", truth.path, "-y", symbols)
    assert (status, errors) == (0, "")
    assert all(each.altitude in output for each in truth.callbacks if each.altitude)
    return next(line for line in output.splitlines() if "found by the kernel's code" in line)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("pdb-missing", "is not on the symbol path, give it with -y FOLDER"),
        ("pdb-damaged", "ntkrnlmp.pdb"),
        ("list-symbol-missing", "symbol nt!CallbackListHead not found: it is not in "),
    ],
)
def test_without_symbols_the_code_leads_to_the_list(
    damage: str, says: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=4, damage=(damage,))
    assert says in by_code(regcb, truth, truth.symbols)


def test_a_wrong_pdb_is_refused_with_both_guids(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4, damage=("pdb-wrong-guid",))
    line = by_code(regcb, truth, truth.symbols)
    assert "ntkrnlmp.pdb is refused: its GUID is " in line
    assert "the image asks for " in line
    found = line.split("its GUID is ")[1].split()[0]
    wanted = line.split("the image asks for ")[1].split()[0]
    assert len(found) == len(wanted) == 36
    assert found != wanted


def test_symbols_that_are_nowhere(lab_dump: MakeDump, tmp_path: Path, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041")
    line = by_code(regcb, truth, tmp_path / "nowhere")
    assert f"symbol path: {tmp_path / 'nowhere'} is not a folder" in line
    line = by_code(regcb, truth, "")
    assert "ntkrnlmp.pdb" in line
    assert "is not on the symbol path" in line


def test_a_truncated_dump_lists_what_can_be_read(tmp_path: Path, regcb: Regcb) -> None:
    whole = make_dump(tmp_path / "whole.dmp", callbacks=300, size=1 << 24)
    size = Path(whole.path).stat().st_size
    partial = 0
    for pages in (*range(20, 3500, 500), *range(3500, 4000, 10)):  # the list is near the start
        os.truncate(whole.path, size - pages * 0x1000)
        status, output, errors = regcb("list", "--json", "-z", whole.path, "-y", whole.symbols)
        assert "the dump is truncated" in output + errors
        readable = [each["function"] is not None for each in listed(status, output)]
        partial += any(readable) and not all(readable)
    assert partial


def listed(status: int, output: str) -> list[dict[str, Any]]:
    assert status == (0 if output else 2)
    callbacks: list[dict[str, Any]] = json.loads(output)["callbacks"] if output else []
    return callbacks


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "which command? One of: altitude, check"),
        (["lst"], "no command 'lst': did you mean list? (regcb --help shows how)"),
        (["Who_Blocks"], "did you mean who-blocks?"),
        (["nonsense"], "no command 'nonsense': one of altitude, check, "),
        (["list", "--foo"], "unrecognized arguments: --foo (regcb list --help shows how)"),
        (["--foo"], "unrecognized arguments: --foo (regcb --help shows how)"),
        (["list", __file__], f"unrecognized arguments: {__file__}; -z {__file__} opens a dump"),
        ([__file__], f"no command {__file__!r}: -z {__file__} opens a dump (regcb --help"),
        (["install", "x", "--python", "new"], "--python new: a version as !py takes it: 3.9"),
        (["diff", "x", "y", "-z", "z"], "diff compares x with y: without -z and --connect"),
        (["verify", "x", "-z", "y"], "verify reads x: without -z and --connect"),
        (["scan", "x", "-z", "y"], "scan takes the names of dumps as they are: without -z"),
        (["list", "--json", "--csv"], "not allowed with"),
        (["list", "--limit", "x"], "'x' is no whole number from 1"),
        (["list", "--limit", "0"], "'0' is no whole number from 1"),
        (["list", "--limit=-1"], "'-1' is no whole number from 1"),
        (["show"], "N|ADDR|NAME --thread is required (regcb show --help shows how)"),
        (["list"], "no target: open a crash dump with -z FILE, or run inside WinDbg"),
        (["list", "-z"], "expected one argument"),
    ],
)
def test_command_lines_that_mean_nothing(words: list[str], says: str, regcb: Regcb) -> None:
    assert says in refused(regcb, *words)


def test_pykd_where_there_is_none(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041")
    line = refused(regcb, "--engine", "pykd", "-z", truth.path, "list")
    assert "pykd cannot be imported" in line


@pytest.mark.parametrize(
    "what", ["99", "9" * 5000, "nosuch.sys", "0xfffff80400000000", "", "#", "\x1b[2J"]
)
def test_callbacks_that_are_not_there(what: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041")
    line = refused(regcb, "show", what, "-z", truth.path, "-y", truth.symbols)
    assert f"there are {len(truth.callbacks)} (0 to {len(truth.callbacks) - 1})" in line
    assert line.rstrip("\n").isprintable()
