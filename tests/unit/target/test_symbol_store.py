"""Stores on disk: pointers, compressed files, and the newest kind of PDB."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest

from pykd_ext.target.symbol_path import SymbolPath
from tests.support.symbol_files.cabinet_file import Compressor, cabinet, lzx, mszip
from tests.support.symbol_files.stores import (
    IDENTITY,
    NAME,
    OTHER_GUID_TEXT,
    RIGHT,
    WRONG,
    default_store,
    files_below,
    find,
    home,
    put,
)

__all__ = ["home"]  # a fixture

FOLDER = Path(NAME, IDENTITY)
MSFZ = b"Microsoft MSFZ Container\r\n\x1aALD\0\0" + bytes(64)
every_compression = pytest.mark.parametrize("compress", [mszip, lzx])


def refusal(store: Path) -> str:
    """The one line that is said of what the store has."""
    found, (problem,) = find(f"srv*{store}")
    assert found is None and problem.isprintable()
    return problem


@pytest.mark.parametrize("says", ["{0}", "PATH:{0}", "path: {0}\r\n"])
def test_a_pointer_leads_to_the_file(tmp_path: Path, says: str) -> None:
    build = put(tmp_path / "build" / NAME.lower())
    put(tmp_path / "store" / FOLDER / "file.ptr", says.format(build).encode())
    assert find(f"srv*{tmp_path / 'store'}") == (build, [])


def test_a_pointer_leads_to_a_compressed_file(tmp_path: Path, home: Path) -> None:
    build = put(tmp_path / "build" / "driver.pd_", cabinet(NAME, RIGHT, mszip))
    put(tmp_path / "store" / FOLDER / "file.ptr", f"PATH:{build}".encode())
    assert find(f"srv*{tmp_path / 'store'}") == (default_store(home) / FOLDER / NAME, [])


def test_the_file_comes_before_the_pointer(tmp_path: Path) -> None:
    put(tmp_path / FOLDER / "file.ptr", b"MSG: no longer here")
    there = put(tmp_path / FOLDER / NAME)
    assert find(f"srv*{tmp_path}") == (there, [])


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("MSG: ask \x1b[2Jthe build team", "says: 'ask \\x1b[2Jthe build team'"),
        ("", "is no pointer to a file: it has 0 bytes"),
        ("PATH:" + "a" * 5000, "is no pointer to a file: it has 4097 bytes"),
        (f"PATH:\\\\builds.invalid\\7601\\{NAME}", "where no file is that can be read here"),
        (f"PATH:{{outside}}/nowhere/{NAME}", "where no file is that can be read here"),
        (f"PATH:{{outside}}/folder/{NAME}", "where no file is that can be read here"),
        (f"PATH:{NAME}", "where no file is that can be read here"),
        (f"PATH:../{NAME}", "where no file is that can be read here"),
        (f"PATH:nul\0/{NAME}", "where no file is that can be read here"),
        ("PATH:{outside}/secret", f"which is no {NAME}"),
        ("PATH:{store}/file.ptr", f"which is no {NAME}"),
        ("{{", f"which is no {NAME}"),
    ],
)
def test_a_pointer_that_leads_nowhere(tmp_path: Path, says: str, why: str) -> None:
    """One that leads to itself, too; and of another file not a byte is shown."""
    put(tmp_path / "secret", b"not to be shown")
    (tmp_path / "folder" / NAME).mkdir(parents=True)
    pointer = tmp_path / "store" / FOLDER / "file.ptr"
    put(pointer, says.format(outside=tmp_path, store=pointer.parent).encode())
    problem = refusal(tmp_path / "store")
    assert problem.startswith(str(pointer)) and why in problem
    assert "not to be" not in problem


def test_a_pointer_to_another_pdb(tmp_path: Path) -> None:
    build = put(tmp_path / "build" / NAME, WRONG)
    put(tmp_path / "store" / FOLDER / "file.ptr", str(build).encode())
    assert refusal(tmp_path / "store").startswith(f"{build} is refused: its GUID is")


@every_compression
@pytest.mark.parametrize("leaf", ["Driver.pd_", "DRIVER.PD_", NAME])
def test_a_compressed_file_is_kept_in_the_nearest_store(
    tmp_path: Path, compress: Compressor, leaf: str
) -> None:
    """Once; the store that it lies in may be everybody's, and is left alone."""
    packed = put(tmp_path / "far" / FOLDER / leaf, cabinet(NAME, RIGHT, compress))
    kept = tmp_path / "near" / FOLDER / NAME
    text = f"srv*{tmp_path / 'near'}*{tmp_path / 'far'}"
    assert find(text) == (kept, [])
    assert kept.read_bytes() == RIGHT
    assert files_below(tmp_path / "near") == [kept.parents[1], kept.parent, kept]
    packed.write_bytes(b"MSCF")
    assert find(text) == (kept, [])
    assert files_below(tmp_path / "far") == [packed.parents[1], packed.parent, packed]


@pytest.mark.parametrize("text", ["srv*{}", "cache*{}", "{}"])
def test_and_in_the_default_one_where_there_is_no_nearer(
    tmp_path: Path, home: Path, text: str
) -> None:
    put(tmp_path / "store" / FOLDER / "Driver.pd_", cabinet(NAME, RIGHT, mszip))
    for _ in range(2):
        found = find(text.format(tmp_path / "store"))
        assert found == (default_store(home) / FOLDER / NAME, [])


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"MSCF", "cannot be expanded: "),
        (cabinet(NAME, RIGHT, mszip)[:-40], "cannot be expanded: "),
        (cabinet(NAME, RIGHT, lzx)[:200], "cannot be expanded: "),
        (cabinet("../../" + NAME, RIGHT, mszip), "cannot be expanded: "),
        (cabinet(NAME, WRONG, mszip), f"{NAME} is refused: its GUID is {OTHER_GUID_TEXT}"),
        (cabinet(NAME, RIGHT[:-1], mszip), f"{NAME} is refused: its end is missing"),
        (cabinet(NAME, b"MSCF", mszip), f"{NAME} is not a PDB"),
    ],
    ids=["header", "cut MSZIP", "cut LZX", "outside", "another PDB", "cut PDB", "a cabinet in it"],
)
def test_a_compressed_file_that_is_no_use(
    tmp_path: Path, home: Path, contents: bytes, why: str
) -> None:
    path = put(tmp_path / "store" / FOLDER / "Driver.pd_", contents)
    problem = refusal(tmp_path / "store")
    assert problem.startswith(str(path)) and why in problem
    assert files_below(default_store(home)) == []


def test_without_the_library_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / FOLDER / "Driver.pd_", cabinet(NAME, RIGHT, mszip))
    monkeypatch.setitem(sys.modules, "pylibmspack", None)
    program = "expand" if os.name == "nt" else "cabextract -p"
    problem = refusal(tmp_path)
    assert problem.startswith(f"{path} is compressed: pip install 'regcb[cab]', or run once: ")
    assert f"{program} " in problem and problem.count(str(path)) == 2
    assert str(path.with_name(NAME)) in problem


def test_a_store_that_cannot_take_it(tmp_path: Path) -> None:
    path = put(tmp_path / "far" / FOLDER / "Driver.pd_", cabinet(NAME, RIGHT, mszip))
    near = put(tmp_path / "a file", b"")
    found, (problem,) = find(f"srv*{near}*{tmp_path / 'far'}")
    assert found is None
    assert problem.startswith(f"symbol store {near}: ")
    assert problem.endswith(f"{path} is not expanded")


@pytest.mark.parametrize("below", ["", "msfz0"])
def test_the_newest_kind_of_pdb_is_named(tmp_path: Path, below: str) -> None:
    path = put(tmp_path / FOLDER / below / NAME, MSFZ)
    assert refusal(tmp_path) == (
        f"{path} is an MSFZ container, Microsoft's compressed PDB, which is not read: "
        "make a PDB of it with github.com/ynwarcs/pdbconv --decompress"
    )


def image(stamp: int, size: int) -> bytes:
    """As much of a PE as tells it from another."""
    header = b"PE\0\0" + struct.pack("<HHI", 0x8664, 1, stamp)
    return (
        (b"MZ" + bytes(58) + struct.pack("<I", 0x80) + bytes(0x40))
        + header.ljust(80, b"\0")
        + struct.pack("<I", size)
    )


@pytest.mark.parametrize(("name", "packed"), [("d.sys", "d.sy_"), ("d.dll", "d.dl_")])
def test_a_compressed_image(tmp_path: Path, home: Path, name: str, packed: str) -> None:
    identity, contents = "5B7C1234a000", image(0x5B7C1234, 0xA000)
    path = put(tmp_path / name / identity / packed, cabinet(name, contents, lzx))
    problems: list[str] = []
    kept = default_store(home) / name / identity / name
    symbols = SymbolPath(f"srv*{tmp_path}")
    assert list(symbols.files(name, identity, problems)) == [str(kept)]
    assert kept.read_bytes() == contents and problems == []
    kept.unlink()
    for other in (image(0x5B7C1235, 0xA000), b"", b"MZ" * 99):
        path.write_bytes(cabinet(name, other, mszip))
        assert list(symbols.files(name, identity, problems)) == []
        assert problems.pop() == f"{path}: {name} is refused: it is not the image {identity}"
    assert not kept.exists()
