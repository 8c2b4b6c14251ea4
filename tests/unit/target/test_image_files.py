"""A driver's own file on the symbol path: what it settles, and files that settle nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.target.image_files import ImageFiles, WantedImage
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import Truth
from tests.lab.build import build
from tests.lab.damages.code import RETURNS
from tests.lab.profiles import profile_named
from tests.lab.truth import CallbackTruth
from tests.support.regcb import MakeDump, Regcb
from tests.support.targets import open_dump

PROFILES = ["x64-19041", "x86-19041", "arm64-22621", "x86-6002"]
DAMAGED = 2  # the callback in the middle of four
every_profile = pytest.mark.parametrize("profile", PROFILES)


def own_file(truth: Truth, callback: CallbackTruth) -> Path:
    """The driver's image as the lab's linker wrote it."""
    return build(profile_named(truth.profile)).image(callback.owner)


def wanted(truth: Truth, callback: CallbackTruth) -> WantedImage:
    # Not closed: pefile collects the garbage of the whole process then.
    image = pefile.PE(data=own_file(truth, callback).read_bytes(), fast_load=True)
    stamp: int = image.FILE_HEADER.TimeDateStamp
    return WantedImage(callback.owner, callback.owner_base, callback.owner_size, stamp)


def in_folder(folder: Path, image: WantedImage) -> Path:
    """Where a folder of the symbol path has it."""
    return folder / image.name


def in_store(folder: Path, image: WantedImage) -> Path:
    """Where a symbol store has it."""
    return folder / image.name / f"{image.time_date_stamp:08X}{image.size:x}" / image.name


def put(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)


def patched(truth: Truth, callback: CallbackTruth) -> bytes:
    """The driver's file, built with what the damage ``prologue-returns`` writes."""
    path = own_file(truth, callback)
    with pefile.PE(str(path), fast_load=True) as image:
        offset: int = image.get_offset_from_rva(callback.function - callback.owner_base)
    raw, code = bytearray(path.read_bytes()), bytes.fromhex(RETURNS[truth.architecture])
    raw[offset : offset + len(code)] = code
    return bytes(raw)


def accused(truth: Truth, regcb: Regcb, symbols: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The findings about patched callbacks, and the problems with files."""
    _, output, errors = regcb("-z", truth.path, "-y", symbols, "check", "--no-carve", "--json")
    assert errors == ""
    document = json.loads(output)
    return (
        [each for each in document["findings"] if each["id"] == "prologue-patched"],
        [each["what"] for each in document["problems"] if each["where"] == "files"],
    )


@pytest.mark.parametrize("place", [in_folder, in_store], ids=["folder", "store"])
@every_profile
def test_a_callback_that_is_so_in_its_file_is_genuine(
    profile: str, place: Any, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=("prologue-returns",))
    callback = truth.callbacks[DAMAGED]
    kind = "srv*" if place is in_store else ""
    assert [each["severity"] for each in accused(truth, regcb, truth.symbols)[0]] == ["high"]
    put(place(tmp_path, wanted(truth, callback)), patched(truth, callback))
    assert accused(truth, regcb, f"{truth.symbols};{kind}{tmp_path}") == ([], [])


@every_profile
def test_a_callback_that_is_otherwise_in_its_file_is_not(
    profile: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    """Without the file it is only as short as a genuine one can be."""
    truth = lab_dump(profile, callbacks=4, damage=("function-tiny",))
    callback = truth.callbacks[DAMAGED]
    assert [each["severity"] for each in accused(truth, regcb, truth.symbols)[0]] == ["info"]
    shutil.copy(own_file(truth, callback), tmp_path)
    (finding,), problems = accused(truth, regcb, f"{truth.symbols};{tmp_path}")
    assert (finding["severity"], finding["doubt"], problems) == ("high", None, [])
    assert "and its file has other code: " in finding["summary"]
    with open_dump(lab_dump(profile, callbacks=4)) as undamaged:
        code = undamaged.memory.read(callback.function, 8)
    assert finding["evidence"]["expected"] == code.hex()


@every_profile
def test_a_change_inside_a_callback_shows_against_its_file(
    profile: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=("code-changed",))
    callback = truth.callbacks[DAMAGED]
    assert accused(truth, regcb, truth.symbols) == ([], [])
    shutil.copy(own_file(truth, callback), tmp_path)
    (finding,), _ = accused(truth, regcb, f"{truth.symbols};{tmp_path}")
    changed = truth.damage[0].address or 0
    assert (finding["severity"], finding["evidence"]["differs_at"]) == ("high", f"{changed:#x}")
    with open_dump(lab_dump(profile, callbacks=4)) as undamaged, open_dump(truth) as damaged:
        places = [each.memory.read(changed, 8).hex() for each in (undamaged, damaged)]
    assert [finding["evidence"]["expected"], finding["evidence"]["found"]] == places
    offset = changed - callback.function
    bytes_ = f"{places[1][:2]} at +{offset:#x}, where its file has {places[0][:2]}"
    assert bytes_ in finding["summary"]


@every_profile
def test_a_files_code_is_what_the_loader_made_of_it(profile: str, lab_dump: MakeDump) -> None:
    """All of .text, where the image was loaded; on x86 it holds addresses, and is relocated."""
    truth = lab_dump(profile)
    callback = truth.callbacks[DAMAGED]
    path = own_file(truth, callback)
    with pefile.PE(str(path), fast_load=True) as image:
        text = next(each for each in image.sections if each.Name.rstrip(b"\0") == b".text")
        rva, size, raw = text.VirtualAddress, text.Misc_VirtualSize, text.get_data()
    with open_dump(truth) as target:
        loaded = target.memory.read(callback.owner_base + rva, size)
    files = ImageFiles(SymbolPath(str(path.parent)))
    assert files.code(wanted(truth, callback), callback.owner_base + rva, size) == loaded
    assert (raw[:size] != loaded) == (truth.architecture == "x86")


def test_another_build_is_refused_and_both_are_named(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(callbacks=4, damage=("prologue-returns",))
    callback = truth.callbacks[DAMAGED]
    right = wanted(truth, callback)
    raw = bytearray(patched(truth, callback))
    stamp = int.from_bytes(raw[0x3C:0x40], "little") + 8
    raw[stamp : stamp + 4] = (0x12345678).to_bytes(4, "little")
    put(in_folder(tmp_path, right), bytes(raw))
    findings, problems = accused(truth, regcb, f"{truth.symbols};{tmp_path}")
    assert [each["severity"] for each in findings] == ["high"]
    assert problems == [
        f"{in_folder(tmp_path, right)} is refused: its TimeDateStamp and SizeOfImage are "
        f"12345678 {right.size:x}, the loaded image has {right.time_date_stamp:08x} {right.size:x}"
    ]
    put(in_store(tmp_path / "store", right), patched(truth, callback))  # the search goes on
    path = f"{truth.symbols};{tmp_path};srv*{tmp_path / 'store'}"
    assert accused(truth, regcb, path) == ([], problems)


@pytest.mark.parametrize("contents", [b"", b"MZ", b"no image at all", bytes(0x1000)])
def test_what_is_no_image_is_refused(
    contents: bytes, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(callbacks=4, damage=("prologue-returns",))
    path = in_folder(tmp_path, wanted(truth, truth.callbacks[DAMAGED]))
    put(path, contents)
    findings, problems = accused(truth, regcb, f"{truth.symbols};{tmp_path}")
    assert [each["severity"] for each in findings] == ["high"]
    assert len(problems) == 1
    assert problems[0].startswith(f"{path} is refused: ")


def test_a_folder_in_its_place_is_passed_over(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(callbacks=4, damage=("prologue-returns",))
    right = wanted(truth, truth.callbacks[DAMAGED])
    in_store(tmp_path, right).mkdir(parents=True)
    findings, problems = accused(truth, regcb, f"{truth.symbols};{tmp_path}")
    assert ([each["severity"] for each in findings], problems) == (["high"], [])


def test_a_file_that_was_cut_off(lab_dump: MakeDump, regcb: Regcb, tmp_path: Path) -> None:
    """Its headers are right, and the callback's code is missing."""
    truth = lab_dump(callbacks=4, damage=("prologue-returns",))
    callback = truth.callbacks[DAMAGED]
    path = in_folder(tmp_path, wanted(truth, callback))
    put(path, patched(truth, callback)[:0x400])
    findings, problems = accused(truth, regcb, f"{truth.symbols};{tmp_path}")
    assert [each["severity"] for each in findings] == ["high"]
    assert len(problems) <= 1


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_one_problem_at_most(
    data: st.DataObject, lab_dump: MakeDump, tmp_path_factory: pytest.TempPathFactory
) -> None:
    truth = lab_dump("x86-19041")
    callback = truth.callbacks[DAMAGED]
    right = wanted(truth, callback)
    raw = bytearray(own_file(truth, callback).read_bytes())
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, 0x3FF), st.integers(0, 255)), min_size=1, max_size=8)
    ):
        raw[place] = byte
    path = tmp_path_factory.mktemp("damaged") / right.name
    path.write_bytes(raw)
    files = ImageFiles(SymbolPath(str(path.parent)))
    code = files.code(right, callback.function, 16)
    assert code is None or len(code) == 16
    assert files.code(right, callback.function, 16) == code
    assert len(files.problems) <= 1
    shutil.rmtree(path.parent)
