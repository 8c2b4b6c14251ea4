"""E01 images, which libewf's tools write."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pykd_ext.target.containers import find_container
from pykd_ext.target.containers.evidence import segment_ending
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.file_bytes import map_file
from tests.lab import Truth, make_dump
from tests.support.file_server import file_server
from tests.support.regcb import Regcb

pytestmark = pytest.mark.toolchain


def acquired(raw: str, name: str, *options: str) -> Path:
    """The first segment of ``raw`` as ``ewfacquire`` writes it, beside it."""
    stem = Path(raw).with_name(name)
    words = ["ewfacquire", "-u", "-q", "-d", "sha1", "-t", str(stem), *options, raw]
    subprocess.run(words, check=True, capture_output=True)
    return stem.with_name(f"{name}.E01")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """With an unlinked block, which all of the memory is searched for."""
    path = tmp_path_factory.mktemp("evidence") / "memory.raw"
    return make_dump(path, dump_type="raw", callbacks=6, damage=["entry-unlinked"])


@pytest.fixture(scope="module")
def packed(raw: Truth) -> Path:
    return acquired(raw.path, "packed", "-c", "deflate:best")


@pytest.fixture(scope="module")
def segmented(raw: Truth) -> Path:
    """Three segments."""
    first = acquired(raw.path, "segmented", "-c", "none", "-S", "1MiB", "-f", "encase6")
    assert first.with_suffix(".E03").exists()
    return first


def copied(first: Path, to: Path) -> Path:
    for each in first.parent.glob(f"{first.stem}.E??"):
        shutil.copy(each, to)
    return to / first.name


def test_they_say_what_the_raw_image_says(
    raw: Truth, packed: Path, segmented: Path, regcb: Regcb
) -> None:
    def check(path: str) -> str:
        status, output, errors = regcb("check", "-z", path, "-y", raw.symbols)
        assert (status, errors) == (1, "")
        return output.replace(path, "memory.raw")

    said = check(raw.path)
    assert "entry-orphaned" in said
    assert check(str(packed)) == said
    assert check(str(segmented)) == said
    with file_server(packed.parent) as server:
        assert check(f"{server.url}/{packed.name}") == said


def refusal(regcb: Regcb, path: Path | str) -> str:
    status, output, errors = regcb("list", "-z", path)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    return errors


def test_a_missing_segment(segmented: Path, tmp_path: Path, regcb: Regcb) -> None:
    first = copied(segmented, tmp_path)
    with file_server(tmp_path) as server:
        assert "segments are not read at URLs" in refusal(regcb, f"{server.url}/{first.name}")
    third = first.with_suffix(".E03")
    third.rename(tmp_path / "third")
    expected = f"regcb: {first}: {third}, which follows, is missing\n"
    assert refusal(regcb, first) == expected
    shutil.copy(first.with_suffix(".E02"), third)
    assert f"{third}: this is segment 2 of an E01 image, not 3" in refusal(regcb, first)
    assert "this is segment 2" in refusal(regcb, first.with_suffix(".E02"))


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.999])
def test_a_segment_that_is_cut_off(
    segmented: Path, tmp_path: Path, regcb: Regcb, cut: float
) -> None:
    first = copied(segmented, tmp_path)
    second = first.with_suffix(".E02")
    second.write_bytes(second.read_bytes()[: int(second.stat().st_size * cut)])
    said = refusal(regcb, first)
    assert said.startswith(f"regcb: {second}: this E01 image is damaged: no section begins at ")


def test_a_chunk_that_cannot_be_unpacked(packed: Path, tmp_path: Path, regcb: Regcb) -> None:
    first = copied(packed, tmp_path)
    data = bytearray(first.read_bytes())
    at = data.index(b"sectors") + 0x1000
    data[at : at + 0x400] = bytes(0x400)
    first.write_bytes(data)
    assert f"{first}: this E01 image is damaged: " in refusal(regcb, first)


def test_a_header_that_cannot_be_unpacked(packed: Path, tmp_path: Path, regcb: Regcb) -> None:
    first = copied(packed, tmp_path)
    data = bytearray(first.read_bytes())
    body = 13 + 76  # of the first section, behind the file's header and the section's
    data[body : body + 8] = bytes(8)
    first.write_bytes(data)
    said = "this E01 image is damaged: dissect.evidence cannot read it"
    assert refusal(regcb, first) == f"regcb: {first}: {said}\n"


def test_the_newer_format(tmp_path: Path, regcb: Regcb) -> None:
    path = tmp_path / "memory.Ex01"
    path.write_bytes(b"EVF2\x0d\x0a\x81\x00" + bytes(100))
    assert refusal(regcb, path) == f"regcb: {path}: an Ex01 image: export it as E01 or raw\n"


def test_without_the_library(packed: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dissect.evidence.ewf", None)
    assert refusal(regcb, packed) == (
        f"regcb: {packed}: E01 images need: pip install 'regcb[ewf]'\n"
    )


@pytest.mark.parametrize(
    ("number", "ending"),
    [(2, ".E02"), (99, ".E99"), (100, ".EAA"), (125, ".EAZ"), (126, ".EBA"), (775, ".EZZ"),
     (776, ".FAA")],
)  # fmt: skip
def test_the_names_of_segments(number: int, ending: str) -> None:
    assert segment_ending(".E01", number) == ending
    assert segment_ending(".e01", number) == ending.lower()


@given(data=some.data())
def test_headers_that_lie(packed: Path, data: some.DataObject) -> None:
    """Any bytes behind the magic: an error of ours, or memory that can be read."""
    broken = packed.with_name("broken.E01")
    raw = bytearray(packed.read_bytes())
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(8, len(raw) - 8))
        word = data.draw(some.binary(min_size=1, max_size=8))
        raw[at : at + len(word)] = word
    broken.write_bytes(raw)
    try:
        container = find_container(map_file(str(broken)))
        assert container is not None
        container.pages(0, 1 << 20)
        container.close()
    except RegcbError:
        pass
