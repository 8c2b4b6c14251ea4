"""Dumps in cabinets, zip files and gzip say what they say outside; nothing of them is left."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from pykd_ext.command_line.scan_process import dumps_of
from pykd_ext.target.archives import holds_kernel_dump, open_archive, room
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.opening import open_target
from tests.lab import make_dump
from tests.lab.bad_inputs import make_bad_input
from tests.support.regcb import MakeDump, Regcb
from tests.support.symbol_files.cabinet_file import cabinet_of, lzx, mszip

Pack = Callable[["dict[str, bytes]"], bytes]


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


PACKED: dict[str, Pack] = {
    "zip": zipped,
    "mszip.cab": lambda files: cabinet_of(files, mszip),
    "lzx.cab": lambda files: cabinet_of(files, lzx),
}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, in which nothing may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def dump(lab_dump: MakeDump) -> bytes:
    return Path(lab_dump("x64-19041").path).read_bytes()


@pytest.fixture
def of_a_program(tmp_path: Path) -> bytes:
    path = tmp_path / "program.dmp"
    make_bad_input(path, "user-minidump")
    return path.read_bytes()


def refused(regcb: Regcb, path: Path) -> str:
    status, output, errors = regcb("list", "-z", path)
    assert (status, output) == (2, "")
    assert errors.startswith(f"regcb: {path}")
    assert errors.count("\n") == 1
    assert errors.rstrip("\n").isprintable()
    return errors


def listed(regcb: Regcb, path: str | Path, symbols: str) -> object:
    status, output, errors = regcb("list", "--json", "-z", path, "-y", symbols)
    assert (status, errors) == (0, "")
    document = json.loads(output)
    assert document["target"].pop("path") == str(path)
    return document


@pytest.mark.parametrize("kind", [*PACKED, "gz"])
@pytest.mark.parametrize("dump_type", [5, 4])
def test_a_dump_in_it_says_the_same(
    kind: str, dump_type: int, lab_dump: MakeDump, tmp_path: Path, regcb: Regcb
) -> None:
    truth = lab_dump("x64-19041", dump_type)
    data = Path(truth.path).read_bytes()
    path = tmp_path / f"report.{kind}"
    files = {"Report.wer": b"Version=1", "WER1234.tmp.dmp": data}
    path.write_bytes(gzip.compress(data, 1) if kind == "gz" else PACKED[kind](files))
    assert listed(regcb, path, truth.symbols) == listed(regcb, truth.path, truth.symbols)


@pytest.mark.parametrize("kind", PACKED)
def test_a_lone_file_may_be_an_image(kind: str, tmp_path: Path, regcb: Regcb) -> None:
    image = make_dump(tmp_path / "image.raw", "x64-19041", "raw")
    data = Path(image.path).read_bytes()
    path = tmp_path / f"case.{kind}"
    path.write_bytes(PACKED[kind]({"image.raw": data}))
    assert listed(regcb, path, image.symbols) == listed(regcb, image.path, image.symbols)


def test_what_nobody_closes_goes_with_its_target(
    dump: bytes, tmp_path: Path, temporary: Path
) -> None:
    path = tmp_path / "report.zip"
    path.write_bytes(zipped({"memory.dmp": dump}))
    target = open_target(path, symbols="")
    assert list(temporary.iterdir())
    del target
    gc.collect()
    assert not list(temporary.iterdir())


def test_what_a_mac_adds_to_a_zip_file_is_none_of_it(tmp_path: Path, regcb: Regcb) -> None:
    """Finder puts each file's attributes beside it, under the same name."""
    attributes = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(0x60)
    for name, kind in (("MEMORY.DMP", 1), ("memory.raw", "raw")):
        truth = make_dump(tmp_path / name, dump_type=kind)
        path = tmp_path / f"{name}.zip"
        data = Path(truth.path).read_bytes()
        path.write_bytes(zipped({name: data, f"__MACOSX/._{name}": attributes}))
        listed(regcb, path, truth.symbols)


@pytest.mark.parametrize("kind", PACKED)
def test_which_dump_is_meant(
    kind: str, dump: bytes, of_a_program: bytes, lab_dump: MakeDump, tmp_path: Path, regcb: Regcb
) -> None:
    path = tmp_path / f"report.{kind}"
    both = {"a.mdmp": of_a_program, "b.DMP": dump, "c.txt": b"notes"}
    path.write_bytes(PACKED[kind](both))
    assert regcb("list", "-z", path, "-y", lab_dump("x64-19041").symbols)[0] == 0
    path.write_bytes(PACKED[kind]({**both, "d.dmp": dump}))
    assert "there are 2 dumps in this" in refused(regcb, path)
    name = "mini.dmp" if os.name == "nt" else "mini\n.dmp"  # which no file can be called there
    path.write_bytes(PACKED[kind]({name: of_a_program}))
    line = refused(regcb, path)
    assert f"{name!r} in this" in line
    assert "a user-mode minidump, of a program; registry callbacks live in the kernel" in line
    path.write_bytes(PACKED[kind]({"a.txt": b"notes", "b.wer": b"notes"}))
    assert "there is no dump in this" in refused(regcb, path)
    path.write_bytes(PACKED[kind]({"a.txt": b"notes"}))
    assert "is not a Windows crash dump: it starts with b'notes'" in refused(regcb, path)


def test_bombs(tmp_path: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_ALWAYS", 1 << 20)
    zeros = bytes(8 << 20)
    lying = bytearray(PACKED["mszip.cab"]({"a.dmp": bytes(100)}))
    lying[44:48] = (1 << 30).to_bytes(4, "little")  # CFFILE.cbFile
    for name, data in (
        ("a.zip", zipped({"a.dmp": zeros})),
        ("a.gz", gzip.compress(zeros)),
        ("a.cab", bytes(lying)),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert "it unpacks to more than 250 times its size" in refused(regcb, path)


def test_disks_that_are_full(
    dump: bytes, tmp_path: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 0, (1 << 30) + 0x1000))
    for kind, pack in PACKED.items():
        path = tmp_path / f"report.{kind}"
        path.write_bytes(pack({"memory.dmp": dump}))
        assert "has no room for them (1 GiB of the disk stays free)" in refused(regcb, path)


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_nowhere_to_unpack_to(
    kind: str, dump: bytes, tmp_path: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"MEMORY.DMP.{kind}"
    path.write_bytes(gzip.compress(dump) if kind == "gz" else zipped({"MEMORY.DMP": dump}))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert re.search(r"none can be written \(.+\): set TMPDIR", refused(regcb, path))
    assert holds_kernel_dump(str(path))  # whoever opens it says why


def test_lists_that_are_too_long(tmp_path: Path, regcb: Regcb) -> None:
    path = tmp_path / "report.zip"
    data = bytearray(zipped({"a.dmp": b"a"}))
    end = data.rfind(b"PK\5\6")
    data[end + 12 : end + 16] = (5 << 20).to_bytes(4, "little")
    path.write_bytes(data)
    assert "the list of this zip file's files is 0x500000 bytes" in refused(regcb, path)
    # Of 64 bits: the record (56 bytes), its locator (20), and the end that says no size.
    record = b"PK\6\6" + bytes(36) + (6 << 20).to_bytes(8, "little") + bytes(8)
    locator = b"PK\6\7" + bytes(4) + end.to_bytes(8, "little") + bytes(4)
    data[end + 12 : end + 16] = b"\xff" * 4
    path.write_bytes(data[:end] + record + locator + data[end:])
    assert "the list of this zip file's files is 0x600000 bytes" in refused(regcb, path)


def test_what_cannot_be_unpacked(
    dump: bytes, tmp_path: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.zip"
    whole = zipped({"a.dmp": dump})
    listing = whole.rfind(b"PK\1\2")
    for at, value, says in ((8, 1, "is encrypted: unpack it"), (10, 9, "by method 9, not by")):
        data = bytearray(whole)
        data[listing + at] = value
        path.write_bytes(data)
        assert says in refused(regcb, path)
    path.write_bytes(whole[:-30])
    assert "cannot be unpacked: File is not a zip file" in refused(regcb, path)
    path = tmp_path / "report.gz"
    path.write_bytes(gzip.compress(dump)[:-6])
    assert "cannot be unpacked" in refused(regcb, path)
    path = tmp_path / "report.cab"
    path.write_bytes(cabinet_of({"a.dmp": dump}, mszip)[:-600])
    assert "cannot be unpacked" in refused(regcb, path)
    monkeypatch.setitem(sys.modules, "pylibmspack", None)
    assert "is a cabinet: pip install 'regcb[cab]', or unpack it" in refused(regcb, path)


def test_a_name_in_a_cabinet_that_no_file_has_on_windows(
    dump: bytes, tmp_path: Path, regcb: Regcb
) -> None:
    path = tmp_path / "named.cab"
    path.write_bytes(cabinet_of({"a.dmp": dump}, mszip).replace(b"a.dmp", b"\xdc.dmp"))
    status, _, errors = regcb("-z", path, "list")
    assert status == 0 or "a name in this cabinet is none of a file here" in errors


@pytest.mark.parametrize("kind", PACKED)
@settings(max_examples=60)
@given(data=some.data())
def test_archives_that_lie(kind: str, tmp_path: Path, data: some.DataObject) -> None:
    """An error of ours, or a file that can be read."""
    raw = bytearray(PACKED[kind]({"a.txt": b"notes", "b.dmp": b"PAGEDU64" * 64}))
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(4, len(raw) - 4))
        new = data.draw(some.binary(min_size=1, max_size=4))
        raw[at : at + len(new)] = new
    path = tmp_path / f"lies.{kind}"
    path.write_bytes(raw)
    packed = map_file(str(path))
    try:
        inside = open_archive(packed)
    except RegcbError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        packed.close()
        return
    assert len(inside)
    inside.close()


def test_a_folders_archives_are_scanned_as_named_ones_are(
    dump: bytes, of_a_program: bytes, tmp_path: Path
) -> None:
    """Those with a dump, in which nobody need look for it, and what nobody can look into."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    damaged = zipped({"a.dmp": b"", "b": b""}).replace(b"PK\1\2", b"PK\1\0")
    files = {
        "named.zip": zipped({"MEMORY.DMP": dump, "notes.txt": b"x"}),
        "alone.ZIP": zipped({"memory": dump}),
        "named.cab": cabinet_of({"a.kdmp": dump, "b": b"x"}, mszip),
        "alone.cab": cabinet_of({"memory": dump}, lzx),
        "memory.dmp.gz": gzip.compress(dump),
        "memory.gz": gzip.compress(dump),
        "damaged.zip": damaged,
    }
    others = {
        "notes.zip": zipped({"notes.txt": b"x", "more": dump}),
        "program.zip": zipped({"program": of_a_program}),
        "program.cab": cabinet_of({"program.mdmp": of_a_program, "report.wer": b"x"}, mszip),
        "log.gz": gzip.compress(b"a line"),
        "text.zip": b"PK, said the file",
        "nothing.zip": zipped({}),
    }
    for name, data in {**files, **others}.items():
        (folder / name).write_bytes(data)
    found = dumps_of(str(folder))
    assert {Path(each).name for each in found.dumps} == set(files)
    assert not found.unreadable
