"""Images in target memory, held against what LLVM's tools say of their files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.target.errors import Implausible, MemoryUnreadable
from pykd_ext.target.image import PdbReference, exports, pdb_reference, sections, size_of_image
from pykd_ext.target.memory import PAGE
from pykd_ext.target.version_resource import company_name
from tests.lab.pe_image import PeImage
from tests.lab.toolchain import run
from tests.support.symbol_files.fixtures import BuildSample, sample
from tests.support.symbol_files.image_target import BASE, ImageTarget
from tests.support.symbol_files.oracles import exported, identity
from tests.support.symbol_files.samples import ARCHITECTURES

__all__ = ["sample"]  # a fixture

pytestmark = pytest.mark.toolchain

EXPORT, RESOURCE, DEBUG = 0, 2, 6  # data directories

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def word(target: ImageTarget, rva: int) -> int:
    value: int = struct.unpack_from("<I", target.data, rva)[0]
    return value


def put(target: ImageTarget, rva: int, value: int) -> None:
    struct.pack_into("<I", target.data, rva, value)


def headers(target: ImageTarget) -> int:
    """The RVA of IMAGE_NT_HEADERS."""
    return word(target, 0x3C)


def directory(target: ImageTarget, index: int) -> int:
    """The RVA of a data directory's entry in the headers of a 64-bit image."""
    return headers(target) + 24 + 112 + 8 * index


def ask_everything(target: ImageTarget) -> None:
    """Every kind of question; what cannot be read, or no image has, is raised."""
    for question in (pdb_reference, exports, sections, size_of_image, company_name):
        try:
            question(target.memory, BASE)
        except (MemoryUnreadable, Implausible):
            continue


@every_architecture
def test_the_pdb_that_an_image_asks_for(sample: BuildSample, architecture: str) -> None:
    built = sample(architecture)
    target = ImageTarget(built.image)
    expected = PdbReference("sample.pdb", *identity(built.pdb))
    assert pdb_reference(target.memory, BASE) == expected


@every_architecture
def test_exports_without_forwarders(sample: BuildSample, architecture: str) -> None:
    built = sample(architecture)
    expected = exported(built.image)
    assert expected.pop("Elsewhere")
    assert set(expected) == {"CdeclFunction", "Twin", "ATwin", "sink"}
    found = exports(ImageTarget(built.image).memory, BASE)
    assert found == {name: BASE + rva for name, rva in expected.items()}
    assert list(found) == sorted(found)


@every_architecture
def test_sections_and_size(sample: BuildSample, architecture: str) -> None:
    built = sample(architecture)
    image = PeImage(built.image)
    target = ImageTarget(built.image)
    assert size_of_image(target.memory, BASE) == image.size
    found = sections(target.memory, BASE)
    assert [each[:3] for each in found] == [(s.name, s.rva, s.size) for s in image.sections]
    assert [each.executable for each in found] == [s.executable for s in image.sections]
    assert [each.name for each in found if each.writable] == [".data"]
    assert all(each.readable for each in found)


def test_absent_headers(sample: BuildSample) -> None:
    target = ImageTarget(sample().image)
    target.page_out(0)
    for question in (pdb_reference, exports, sections, size_of_image):
        with pytest.raises(MemoryUnreadable):
            question(target.memory, BASE)


def test_an_absent_debug_directory(sample: BuildSample) -> None:
    target = ImageTarget(sample().image)
    target.page_out(word(target, directory(target, DEBUG)))
    with pytest.raises(MemoryUnreadable):
        pdb_reference(target.memory, BASE)


def test_names_of_exports_that_are_paged_out(sample: BuildSample) -> None:
    """One name at the end of a present page, one on an absent page: the first is still found."""
    target = ImageTarget(sample().image)
    names = word(target, word(target, directory(target, EXPORT)) + 32)
    last_page = len(target.data)
    target.data += bytes(2 * PAGE)
    target.data[last_page + PAGE - 6 : last_page + PAGE] = b"Early\0"
    target.page_out(last_page + PAGE)
    put(target, names, last_page + PAGE - 6)
    put(target, names + 4, last_page + PAGE)
    assert list(exports(target.memory, BASE)) == ["Early", "Twin", "sink"]


@pytest.mark.parametrize("index", [EXPORT, DEBUG])
def test_a_directory_that_the_image_has_not_got(sample: BuildSample, index: int) -> None:
    target = ImageTarget(sample().image)
    put(target, directory(target, 0) - 4, index)  # NumberOfRvaAndSizes
    question = pdb_reference if index == DEBUG else exports
    assert not question(target.memory, BASE)


def test_memory_that_is_no_image(sample: BuildSample) -> None:
    for place, new in ((0, b"ZM"), (headers(ImageTarget(sample().image)), b"NE\0\0")):
        target = ImageTarget(sample().image)
        target.data[place : place + len(new)] = new
        assert pdb_reference(target.memory, BASE) is None
        assert (exports(target.memory, BASE), sections(target.memory, BASE)) == ({}, [])
        assert size_of_image(target.memory, BASE) == 0


def test_a_codeview_record_of_another_kind(sample: BuildSample) -> None:
    """NB10 is what the linkers of before 2002 wrote, and names no GUID."""
    target = ImageTarget(sample().image)
    entry = word(target, directory(target, DEBUG))
    record = word(target, entry + 20)
    target.data[record : record + 4] = b"NB10"
    assert pdb_reference(target.memory, BASE) is None


def test_a_codeview_record_that_is_cut_short(sample: BuildSample) -> None:
    target = ImageTarget(sample().image)
    put(target, word(target, directory(target, DEBUG)) + 16, 20)
    assert pdb_reference(target.memory, BASE) is None


def test_counts_that_are_lies(sample: BuildSample) -> None:
    """Four billion exports and debug entries: nothing is read that no image has."""
    target = ImageTarget(sample().image)
    table = word(target, directory(target, EXPORT))
    for place in (table + 20, table + 24, directory(target, DEBUG) + 4):
        put(target, place, 0xFFFFFFFF)
    ask_everything(target)
    assert target.reads < 100


HEADER_WORDS = st.tuples(st.integers(0, 0x400), st.integers(0, 0xFFFFFFFF))
TABLE_WORDS = st.tuples(st.integers(0x2000, 0x2200), st.integers(0, 0xFFFFFFFF))


@settings(max_examples=200)
@given(lies=st.lists(st.one_of(HEADER_WORDS, TABLE_WORDS), min_size=1, max_size=6))
def test_lies_in_the_headers(sample: BuildSample, lies: list[tuple[int, int]]) -> None:
    target = ImageTarget(sample().image)
    for place, value in lies:
        put(target, place, value)
    ask_everything(target)


VERSION = """1 VERSIONINFO
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904b0"
    BEGIN
      VALUE "Comments", "CompanyName"
      VALUE "CompanyName", "Acme, Inc."
      VALUE "FileVersion", "1.0"
    END
  END
END
"""


@pytest.fixture(scope="module")
def versioned(tmp_path_factory: pytest.TempPathFactory) -> ImageTarget:
    """An image with a version resource and nothing else, by LLVM's tools."""
    folder = tmp_path_factory.mktemp("version")
    (folder / "version.rc").write_text(VERSION, encoding="ascii")
    run("llvm-rc", "version.rc", "/fo", "version.res", folder=folder)
    run(
        "lld-link", "/nologo", "/dll", "/noentry", "/machine:x64", "/out:version.sys",
        "version.res", folder=folder,
    )  # fmt: skip
    return ImageTarget(folder / "version.sys")


def test_the_company_that_an_image_claims(versioned: ImageTarget, sample: BuildSample) -> None:
    assert company_name(versioned.memory, BASE) == "Acme, Inc."
    without = ImageTarget(sample("x64").image)
    assert company_name(without.memory, BASE) is None


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 0x200), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_version_resource(versioned: ImageTarget, changes: list[tuple[int, int]]) -> None:
    sound = bytes(versioned.data)
    resources = word(versioned, directory(versioned, RESOURCE))
    for offset, value in changes:
        versioned.data[resources + offset] = value
    versioned.memory.invalidate()
    try:
        ask_everything(versioned)
    finally:
        versioned.data[:] = sound
        versioned.memory.invalidate()
    assert company_name(versioned.memory, BASE) is not None
