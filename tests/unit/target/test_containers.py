"""Images of memory say what a dump of the same machine says.

The lab writes each container from the machine's pages, without any of the reader's code.
"""

from __future__ import annotations

import json
import shutil
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pykd_ext.command_line.main import main
from pykd_ext.target.containers import find_container
from pykd_ext.target.errors import TargetError
from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.find_machine import find_machine
from pykd_ext.target.physical import PAGE
from tests.lab import PROFILES, Truth, make_dump
from tests.lab.containers import CONTAINERS
from tests.lab.damages import DAMAGES
from tests.lab.profiles import OTHER_TABLES
from tests.support.regcb import Regcb

pytestmark = pytest.mark.toolchain

# What differs by nature: an image has no thread's registers, and no header of a dump.
NOT_IN_AN_IMAGE = {"callback-crashed", "crash-parameter"}


def answer(capsys: pytest.CaptureFixture[str], truth: Truth, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    status = main([*words, "-z", truth.path, "-y", truth.symbols])
    captured = capsys.readouterr()
    assert status in (0, 1), captured.err
    document: dict[str, Any] = json.loads(captured.out)
    for name in ("kind", "path"):
        del document["target"][name]
    document["problems"] = [each for each in document["problems"] if not of_image(each)]
    return document


def findings(capsys: pytest.CaptureFixture[str], truth: Truth) -> Any:
    """What check has found, or why it could not look."""
    capsys.readouterr()
    status = main(["check", "--json", "-z", truth.path, "-y", truth.symbols])
    captured = capsys.readouterr()
    if status == 2:
        return captured.err.replace(truth.path, "")
    return [
        (each["id"], each["callback"], each["severity"])
        for each in json.loads(captured.out)["findings"]
        if each["id"] not in NOT_IN_AN_IMAGE
    ]


def of_image(problem: dict[str, str]) -> bool:
    return problem["where"] == "memory" and "stood still" in problem["what"]


@pytest.mark.parametrize("profile", [*PROFILES, *OTHER_TABLES])
def test_every_container_says_what_the_dump_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    dump = make_dump(tmp_path / "dump.dmp", profile, callbacks=6)
    said = [answer(capsys, dump, each, "--json") for each in ("list", "check")]
    for kind in CONTAINERS:
        if kind == "sys" and not profile.startswith("x64"):
            continue  # hibernation files of others have another header
        image = make_dump(tmp_path / f"image.{kind}", profile, kind, callbacks=6)
        assert [answer(capsys, image, each, "--json") for each in ("list", "check")] == said, kind


def test_an_image_of_memory_has_no_registers(tmp_path: Path, regcb: Regcb) -> None:
    image = make_dump(tmp_path / "image.elf", "arm64-22621", "elf")
    assert regcb("-z", image.path, "-y", image.symbols, "decode") == (
        2, "", "regcb: register pc cannot be read: this ELF core stands at no thread's registers\n",
    )  # fmt: skip


def test_every_damage_is_found_in_raw_memory_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    differ = {}
    for damage in DAMAGES:
        try:
            dump = make_dump(tmp_path / "dump.dmp", damage=[damage], callbacks=6)
            image = make_dump(tmp_path / "image.raw", "x64-19041", "raw", 6, damage=[damage])
        except ValueError:
            continue
        found = [findings(capsys, each) for each in (dump, image)]
        if found[0] != found[1] and damage != "truncated":  # what is lost differs by the format
            differ[damage] = found
    assert differ == {}


@pytest.mark.parametrize("profile", ["x64-19041", "arm64-22621", "x86-7601"])
def test_a_machine_with_much_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    """Its pages lie all over, its top page table where the boot loader puts it."""
    dump = make_dump(tmp_path / "dump.dmp", profile, size=1 << 32)
    for kind in ("raw", "vmem"):
        image = make_dump(tmp_path / f"image.{kind}", profile, kind, size=1 << 32)
        said = answer(capsys, image, "list", "--json")
        lost = [each for each in said["problems"] if "above 3 GiB" not in each["what"]]
        assert len(lost) < 3
        if kind == "raw":
            assert said == answer(capsys, dump, "list", "--json")


def test_a_vmem_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = make_dump(tmp_path / "image.vmem", "x64-19041", "vmem")
    (tmp_path / "image.vmss").unlink()
    assert len(answer(capsys, image, "list", "--json")["callbacks"]) == image.count


def moved(state: bytes, by: int, path: Path) -> None:
    """A .vmss whose groups lie further back, as behind those of a large screen's memory."""
    (groups,) = struct.unpack_from("<I", state, 8)
    head = bytearray(state[: 12 + 80 * groups])
    for at in range(12 + 64, len(head), 80):
        (where,) = struct.unpack_from("<Q", head, at)
        struct.pack_into("<Q", head, at, where + by)
    with path.open("wb") as file:
        file.write(head)
        file.seek(len(head) + by)
        file.write(state[len(head) :])


def test_a_long_file_beside_a_vmem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = make_dump(tmp_path / "image.vmem", "x64-19041", "vmem")
    before = answer(capsys, image, "list", "--json")
    state = tmp_path / "image.vmss"
    moved(state.read_bytes(), 100 << 20, state)
    assert answer(capsys, image, "list", "--json") == before


def test_one_long_tag_in_many_groups(tmp_path: Path) -> None:
    """A value is a few bytes of it: all of them together would be 8 GiB."""
    image = make_dump(tmp_path / "image.vmem", "x64-19041", "vmem")
    groups, length = 128, 64 << 20
    start = 12 + 80 * groups
    tag = struct.pack("<BB3s", 62, 3, b"rip") + struct.pack("<QQH", length, length, 0)
    with (tmp_path / "image.vmss").open("wb") as file:
        file.write(struct.pack("<III", 0xBED2BED2, 0, groups))
        file.write(struct.pack("<64sQQ", b"cpu", start, length) * groups + tag)
        file.truncate(start + len(tag) + length + 2)
    tracemalloc.start()
    try:
        find_machine_in(image.path)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def find_machine_in(path: str) -> None:
    container = find_container(map_file(path))
    assert container is not None
    find_machine(container)
    container.close()


def test_a_decoy_page_table_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that maps itself, as the top tables of user processes and of other systems do."""
    image = make_dump(tmp_path / "image.raw", "x64-19041", "raw")
    decoy = bytearray(PAGE)
    struct.pack_into("<Q", decoy, 8 * 0x1ED, 0x10 * PAGE | 0x63)
    with Path(image.path).open("r+b") as file:
        file.seek(0x10 * PAGE)
        file.write(decoy)
    assert len(answer(capsys, image, "list", "--json")["callbacks"]) == image.count


def refusal(capsys: pytest.CaptureFixture[str], path: Path) -> str:
    capsys.readouterr()
    assert main(["list", "-z", str(path)]) == 2
    return capsys.readouterr().err


def test_memory_without_a_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(bytes(range(256)) * 0x1000)
    assert refusal(capsys, path) == (
        f"regcb: {path}: no Windows is found in this memory (0 page tables were tried): is it "
        "whole, and not encrypted?\n"
    )


def test_one_part_of_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of a memory answers, and not truly."""
    image = Path(make_dump(tmp_path / "image.raw", "x64-19041", "raw").path)
    data = image.read_bytes()
    first = tmp_path / "image.001"
    first.write_bytes(data[: len(data) // 2])
    (tmp_path / "image.002").write_bytes(data[len(data) // 2 :])
    assert main(["list", "-z", str(first)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"regcb: {first}: one part of a raw image, which {tmp_path / 'image.002'} goes on: put all "
        "of them together in one file, image.raw\n"
    )
    (tmp_path / "image.002").unlink()
    first.write_bytes(data)
    assert main(["list", "-z", str(first)]) == 0


def test_an_elf_core_of_32_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guest.elf"
    path.write_bytes(b"\x7fELF\x01\x01\x01" + bytes(0x1000))
    assert main(["list", "-z", str(path)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"regcb: {path} is not a Windows crash dump, but an ELF file of 32 bits: a raw image of "
        "the machine is read (pmemsave in QEMU's monitor)\n"
    )


def test_an_elf_core_of_many_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that hold the memory stand behind 20,000 that hold nothing."""
    image = make_dump(tmp_path / "guest.elf", "x64-19041", "elf")
    path = Path(image.path)
    data = bytearray(path.read_bytes())
    (table,) = struct.unpack_from("<Q", data, 0x20)
    (count,) = struct.unpack_from("<H", data, 0x38)
    segments = bytes(56 * 20_000) + data[table : table + 56 * count]
    struct.pack_into("<Q", data, 0x20, len(data))
    struct.pack_into("<H", data, 0x38, 20_000 + count)
    path.write_bytes(data + segments)
    assert len(answer(capsys, image, "list", "--json")["callbacks"]) == len(image.callbacks)
    struct.pack_into("<H", data, 0x38, 0xFFFF)
    path.write_bytes(data + segments)
    assert refusal(capsys, path) == (
        f"regcb: {path}: an ELF core of 65,535 segments or more is not read\n"
    )


def test_an_elf_file_that_is_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\x03\0\x3e\0".ljust(48, b"\0"))
    assert refusal(capsys, path) == (
        f"regcb: {path}: an ELF file that is no core: nothing of a memory is in it\n"
    )


def test_a_hibernation_file_that_was_resumed_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = make_dump(tmp_path / "hiberfil.sys", "x64-19041", "sys")
    path = Path(image.path)
    raw = bytearray(path.read_bytes())
    raw[:4] = b"WAKE"
    raw[2 * PAGE :] = bytes(len(raw) - 2 * PAGE)
    path.write_bytes(raw)
    assert refusal(capsys, path) == (
        f"regcb: {path}: this hibernation file holds no pages: Windows has resumed from it\n"
    )
    struct.pack_into("<I", raw, 0xC, 0x777)
    path.write_bytes(raw)
    assert "a Windows that regcb does not know" in refusal(capsys, path)


def test_packed_memory_is_searched_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for kind in ("raw", "raw.gz", "sys"):
        path = tmp_path / f"image.{kind}"
        image = make_dump(path, "x64-19041", kind, 6, damage=["entry-unlinked"])
        found.append(findings(capsys, image))
    assert "entry-orphaned" in {name for name, *_ in found[0]}
    assert found[1:] == found[:1] * 2


def test_pages_that_cannot_be_unpacked_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the callbacks: what was packed of them has a table without a code."""
    image = make_dump(tmp_path / "hiberfil.sys", "x64-19041", "sys")
    path = Path(image.path)
    whole = path.read_bytes()
    table = bytes([0x88] * 127)
    at, said, searched = whole.find(table), [], []
    while at >= 0:
        path.write_bytes(whole[:at] + bytes(127) + whole[at + 127 :])
        status = main(["list", "-z", image.path, "-y", image.symbols])
        said.append((status, capsys.readouterr().out))
        if status == 0:
            main(["check", "-z", image.path, "-y", image.symbols])
            searched.append(capsys.readouterr().out)
        at = whole.find(table, at + 1)
    in_list = ["cannot be unpacked: its code" in out for status, out in said if status == 0]
    assert set(in_list) == {True, False}
    assert all("cannot be unpacked: its code" in out for out in searched)  # by the search of all


def test_many_pages_that_cannot_be_unpacked_are_a_few_lines(tmp_path: Path) -> None:
    path = Path(make_dump(tmp_path / "hiberfil.sys", "x64-19041", "sys").path)
    path.write_bytes(path.read_bytes().replace(bytes([0x88] * 127), bytes(127)))
    container = find_container(map_file(str(path)))
    assert container is not None
    for _ in range(2):
        assert not list(container.find(b"no such bytes anywhere"))
    told = container.problems
    assert len(told) == len(set(told)) == 5
    assert told[-1] == "more pages of this hibernation file cannot be unpacked"
    container.close()


@pytest.mark.parametrize("kind", CONTAINERS)
def test_an_image_that_is_cut_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Wherever it ends: an answer, or one line that says why there is none."""
    image = make_dump(tmp_path / f"image.{kind}", "x64-19041", kind)
    path = Path(image.path)
    whole = path.read_bytes()
    for eighths in range(1, 8):
        path.write_bytes(whole[: len(whole) * eighths // 8])
        status = main(["list", "-z", image.path, "-y", image.symbols])
        out, err = capsys.readouterr()
        assert (status, err) == (0, "") or (status, out, err.count("\n")) == (2, "", 1)
        if kind != "raw":  # which has no length of its own
            assert any(each in out + err for each in CUT), eighths


# What tells the reader of a file that some of it is missing.
CUT = (
    "truncated", "no Windows is found", "cannot be unpacked", "is damaged", "has no memory in it",
    "pages are missing", "holds no pages",
)  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("images")
    kinds = ("lime", "elf", "vmem", "sys", "raw.gz")
    made = {each: make_dump(folder / f"image.{each}", "x64-19041", each) for each in kinds}
    return {kind: Path(each.path) for kind, each in made.items()}


@pytest.mark.parametrize("kind", ["lime", "elf", "vmem", "sys", "raw.gz"])
@given(data=some.data())
def test_headers_that_lie(images: dict[str, Path], kind: str, data: some.DataObject) -> None:
    """Any bytes in the place of a header's: an error of ours, or memory that is looked through."""
    path = images[kind]
    broken = path.with_name("broken" + path.suffix)
    shutil.copy(path, broken)
    header = broken
    if kind == "vmem":
        header = broken.with_suffix(".vmss")
        shutil.copy(path.with_suffix(".vmss"), header)
    raw = bytearray(header.read_bytes())
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(0, min(len(raw), 0x400) - 8))
        word = data.draw(some.binary(min_size=1, max_size=8))
        raw[at : at + len(word)] = word
    header.write_bytes(raw)
    try:
        container = find_container(map_file(str(broken)))
    except TargetError:
        return
    if container is not None:
        if kind != "sys":  # all of which would be unpacked
            with suppress(TargetError):
                assert find_machine(container).build
        for first, count in container.runs[:4]:
            container.page(first + count - 1)
            container.pages(first, 16)
        container.close()
