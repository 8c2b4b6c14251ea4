"""PDBs of clang and lld-link, held against what LLVM's tools and the compiler say of them."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.target import pdb_types
from pykd_ext.target.errors import SymbolFileError
from pykd_ext.target.msf import Msf
from pykd_ext.target.pdb import Pdb
from tests.support.symbol_files.fixtures import BuildSample, sample
from tests.support.symbol_files.msf_file import BLOCK_SIZE, patched, read_streams, write_streams
from tests.support.symbol_files.oracles import (
    Located,
    field_layouts,
    functions,
    identity,
    publics,
)
from tests.support.symbol_files.samples import ARCHITECTURES, Sample
from tests.support.symbol_files.stripped_pdb import strip_symbols

__all__ = ["sample"]  # a fixture

pytestmark = pytest.mark.toolchain

INFO, TPI, DBI = 1, 2, 3
NO_STREAM = b"\xff\xff"

# C's names of the sample's functions and data, and what x86 makes of them.
DECORATED = {
    "CmRegisterCallback": "_CmRegisterCallback@12",
    "FastOne": "@FastOne@8",
    "CdeclFunction": "_CdeclFunction",
    "_Underscored": "__Underscored",
    "Twin": "_Twin",
    "ATwin": "_ATwin",
    "DriverEntry": "_DriverEntry@8",
    "global_data": "_global_data",
    "_underscored_data": "__underscored_data",
    "sink": "_sink",
}
CPP_NAMES = {
    "filter::Callback",
    "filter::inner::Deep",
    "filter::Filter::Filter",
    "filter::Filter::~Filter",
    "filter::Filter::Method",
    "filter::Filter::Static",
}

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
public_and_private = pytest.mark.parametrize("private", [False, True], ids=["public", "private"])


@contextmanager
def opened(path: Path) -> Iterator[Pdb]:
    pdb = Pdb(str(path))
    try:
        yield pdb
    finally:
        pdb.close()


def changed(original: Sample, folder: Path, changes: dict[int, bytes]) -> Path:
    """A copy of the sample's PDB with other streams in place of some, and new ones behind."""
    streams = read_streams(original.pdb)
    streams += [b""] * (max(changes, default=0) + 1 - len(streams))
    for number, contents in changes.items():
        streams[number] = contents
    path = folder / "changed.pdb"
    write_streams(path, streams)
    return path


@every_architecture
@public_and_private
def test_every_public_by_its_linked_name(
    sample: BuildSample, architecture: str, private: bool
) -> None:
    built = sample(architecture, private)
    expected = publics(built)
    assert len(expected) > len(DECORATED)
    with opened(built.pdb) as pdb:
        assert [Located(each.name, pdb.symbol(each.name) or 0) for each in expected] == expected


@every_architecture
def test_publics_by_their_names_in_c(sample: BuildSample, architecture: str) -> None:
    built = sample(architecture)
    rvas = dict(publics(built))
    with opened(built.pdb) as pdb:
        for name, on_x86 in DECORATED.items():
            assert pdb.symbol(name) == rvas[on_x86 if architecture == "x86" else name], name


@pytest.mark.parametrize(
    "name", ["", "CmRegister", "cmregistercallback", "Nothing", "é", "x" * 5000]
)
def test_names_that_are_not_there(sample: BuildSample, name: str) -> None:
    with opened(sample().pdb) as pdb:
        assert pdb.symbol(name) is None


@every_architecture
def test_every_address_of_a_public_pdb(sample: BuildSample, architecture: str) -> None:
    """At each public, a byte before the next, and beyond the last section.

    Of two at one place pykd shows the first by name.
    """
    built = sample(architecture)
    located = sorted(publics(built), key=lambda each: (each.rva, each.name))
    starts = sorted({each.rva for each in located})
    with opened(built.pdb) as pdb:
        assert pdb.nearest(starts[0] - 1) is None
        for start, following in zip(starts, [*starts[1:], starts[-1] + 0x10000]):
            assert start == pdb.symbol(next(each.name for each in located if each.rva == start))
            for rva in (start, following - 1):
                found = pdb.nearest(rva)
                assert found is not None and found[1] == start, hex(rva)
        shown = {name for start in starts for name, _ in [pdb.nearest(start) or ("", 0)]}
    left = {name for name in shown if name.startswith("?")}
    assert shown - left == ({*DECORATED, *CPP_NAMES, "every_type", "defined_here", "UseClasses"}
                            - {"Twin"})  # fmt: skip
    assert len(left) == 2  # a template and an operator


@every_architecture
def test_every_function_of_a_private_pdb(sample: BuildSample, architecture: str) -> None:
    """The static ones too, under C's names, from their first byte to the next function's."""
    built = sample(architecture, private=True)
    expected = functions(built)
    names = {each.name for each in expected}
    assert {"StaticHelper", "StaticCallback", "`anonymous namespace'::Hidden"} < names
    in_order = sorted(expected, key=lambda each: each.rva)
    with opened(built.pdb) as pdb:
        for each, following in zip(in_order, in_order[1:]):
            assert pdb.nearest(each.rva) == pdb.nearest(following.rva - 1) == each
        assert pdb.nearest(in_order[-1].rva) == in_order[-1]


def test_a_public_pdb_knows_no_static_function(sample: BuildSample) -> None:
    """The sample's first function is static, so that nothing at all is known of it."""
    built = sample("x64", private=True)
    (static,) = (each for each in functions(built) if each.name == "StaticHelper")
    with opened(sample("x64").pdb) as pdb:
        assert pdb.nearest(static.rva) is None
        assert pdb.symbol("StaticHelper") is None


@every_architecture
def test_a_stripped_pdb_shows_the_functions_that_it_kept(
    sample: BuildSample, tmp_path: Path, architecture: str
) -> None:
    private = sample(architecture, private=True)
    stripped = private._replace(pdb=tmp_path / "stripped.pdb")
    strip_symbols(private.pdb, stripped.pdb)
    kept = functions(stripped)
    assert kept == functions(private)
    with opened(stripped.pdb) as pdb:
        assert [pdb.nearest(each.rva) for each in kept] == kept
        assert pdb.nearest(kept[-1].rva + 1) == kept[-1]


@every_architecture
def test_every_field_is_where_the_compiler_puts_it(sample: BuildSample, architecture: str) -> None:
    built = sample(architecture)
    expected = list(field_layouts(built))
    assert {each.type_name for each in expected} > {"_FLAGS", "_ANONYMOUS", "_LONG_LIST"}
    long_list = [each for each in expected if each.type_name == "_LONG_LIST"]
    expected = [each for each in expected if each not in long_list] + long_list[::100]
    expected.append(long_list[-1])
    with opened(built.pdb) as pdb:
        for each in expected:
            offset = pdb.field_offset(each.type_name, each.name)
            assert offset is not None, each
            position = each.first_bit - 8 * offset  # in the unit that holds it
            assert 0 <= position < 64 if each.bit_length else not position, each


def test_a_bit_field_lies_where_its_storage_unit_does(sample: BuildSample) -> None:
    with opened(sample().pdb) as pdb:
        assert pdb.field_offset("_FLAGS", "Last") == 4


def test_a_type_that_one_file_declares_and_another_defines(sample: BuildSample) -> None:
    with opened(sample().pdb) as pdb:
        assert pdb.field_offset("_ELSEWHERE", "Pointer") == 8


@pytest.mark.parametrize(
    ("type_name", "field"),
    [
        ("_LIST", "flink"),
        ("_LIST", ""),
        ("_list", "Flink"),
        ("_NOTHING", "Flink"),
        ("_NEVER_DEFINED", "Flink"),
        ("", "Flink"),
        ("_NESTED", "Flink"),
    ],
)
def test_fields_that_are_not_there(sample: BuildSample, type_name: str, field: str) -> None:
    with opened(sample().pdb) as pdb:
        assert pdb.field_offset(type_name, field) is None


@pytest.mark.parametrize("is_old", [False, True], ids=["none", "two bytes"])
def test_without_hashes_that_are_known_types_are_searched(
    is_old: bool, sample: BuildSample, tmp_path: Path
) -> None:
    built = sample()
    streams = read_streams(built.pdb)
    changes = {TPI: patched(streams[TPI], 20, NO_STREAM)}
    if is_old:
        first, end = struct.unpack_from("<II", streams[TPI], 8)
        hashes = struct.unpack_from("<H", streams[TPI], 20)[0]
        types = patched(streams[TPI], 24, struct.pack("<IIII", 2, 0x1000, 0, 2 * (end - first)))
        changes = {TPI: types, hashes: bytes(len(streams[hashes]))}
    with opened(changed(built, tmp_path, changes)) as pdb, opened(built.pdb) as original:
        last = "FieldOfAStructureWithMoreFieldsThanFitIntoOneRecord2499"
        for each in (("_FLAGS", "Last"), ("_ELSEWHERE", "Pointer"), ("_LONG_LIST", last)):
            assert pdb.field_offset(*each) == original.field_offset(*each) is not None
        assert pdb.field_offset("_NOTHING", "Last") is None


def newer_structures(tpi: bytes) -> bytes:
    """The type stream with LF_CLASS2, LF_STRUCTURE2 and LF_UNION2 for all of their kinds: the
    property has four bytes, and the count is a number in front of the size."""
    (size,) = struct.unpack_from("<I", tpi, 4)
    forms = {0x1504: (0x1608, 18), 0x1505: (0x1609, 18), 0x1506: (0x160A, 10)}
    records, at = b"", size
    while at < len(tpi):
        length, leaf = struct.unpack_from("<HH", tpi, at)
        record = tpi[at + 2 : at + 2 + length]
        if leaf in forms:
            newer, numbers = forms[leaf]
            count, flags = struct.unpack_from("<HH", record, 2)
            record = (
                struct.pack("<HI", newer, flags)
                + record[6:numbers]
                + (struct.pack("<H", count) + record[numbers:])
            )
            record += b"\xf2\xf1" * (len(record) % 4 == 0)  # with its length a multiple of 4
        records += struct.pack("<H", len(record)) + record
        at += 2 + length
    header = patched(tpi[:size], 16, struct.pack("<I", len(records)))
    return patched(header, 44, struct.pack("<I", 8)) + records  # of the index the first entry


def test_structures_as_visual_studio_2019_and_later_write_them(
    sample: BuildSample, tmp_path: Path
) -> None:
    """As in Microsoft's own PDBs of Windows 11."""
    built = sample()
    tpi = newer_structures(read_streams(built.pdb)[TPI])
    with opened(changed(built, tmp_path, {TPI: tpi})) as pdb, opened(built.pdb) as original:
        for each in list(field_layouts(built))[::20]:
            expected = original.field_offset(each.type_name, each.name)
            assert pdb.field_offset(each.type_name, each.name) == expected is not None, each
        assert pdb.field_offset("_NEVER_DEFINED", "Flink") is None


@every_architecture
def test_its_identity(sample: BuildSample, architecture: str) -> None:
    built = sample(architecture)
    with opened(built.pdb) as pdb:
        assert (pdb.guid, pdb.age) == identity(built.pdb)


@pytest.mark.parametrize(("info_age", "dbi_age", "age"), [(3, 1, 1), (1, 2, 2), (1, 0, 1)])
def test_the_age_that_images_refer_to(
    sample: BuildSample, tmp_path: Path, info_age: int, dbi_age: int, age: int
) -> None:
    """dbgeng opens (3, 1) and (1, 0) for an image with age 1, and not (1, 2)."""
    built = sample()
    streams = read_streams(built.pdb)
    info = patched(streams[INFO], 8, struct.pack("<I", info_age))
    dbi = patched(streams[DBI], 8, struct.pack("<I", dbi_age))
    with opened(changed(built, tmp_path, {INFO: info, DBI: dbi})) as pdb:
        assert pdb.age == age


def with_omaps(original: Sample, folder: Path, moved: list[tuple[int, int]]) -> Path:
    """The PDB of an image whose code was moved after linking: from RVA to RVA (0: removed)."""
    streams = read_streams(original.pdb)
    dbi = streams[DBI]
    sizes = [struct.unpack_from("<I", dbi, at)[0] for at in (24, 28, 32, 36, 40, 52)]
    table = 64 + sum(sizes)
    sections = struct.unpack_from("<H", dbi, table + 2 * 5)[0]
    first = len(streams)
    back = sorted((after, before) for before, after in moved if after)
    dbi = patched(dbi, table + 2 * 3, struct.pack("<HH", first, first + 1))
    dbi = patched(dbi, table + 2 * 10, struct.pack("<H", first + 2))
    omaps = [b"".join(struct.pack("<II", *pair) for pair in pairs) for pairs in (back, moved)]
    changes = {DBI: dbi, first: omaps[0], first + 1: omaps[1], first + 2: streams[sections]}
    return changed(original, folder, changes)


def test_code_that_was_moved_after_linking(sample: BuildSample, tmp_path: Path) -> None:
    """As dbgeng answers for the same OMAPs: two functions change places, a third is taken out."""
    built = sample("x86")
    with opened(built.pdb) as pdb:
        one, two, three, rest = (
            pdb.symbol(name) or 0
            for name in ("CmRegisterCallback", "FastOne", "CdeclFunction", "_Underscored")
        )
    assert one < two < three < rest and two - one == three - two
    moved = [(0x1000, 0x1000), (one, two), (two, one), (three, 0), (rest, rest)]
    with opened(with_omaps(built, tmp_path, moved)) as pdb:
        assert pdb.symbol("CmRegisterCallback") == two
        assert pdb.symbol("FastOne") == one
        assert pdb.symbol("CdeclFunction") is None
        assert pdb.symbol("_Underscored") == rest
        assert pdb.nearest(one + 3) == ("FastOne", one)
        assert pdb.nearest(two + 3) == ("CmRegisterCallback", two)
        assert pdb.nearest(rest + 3) == ("_Underscored", rest)


def ask_everything(path: Path) -> None:
    """Every kind of question; what is not answered raises SymbolFileError."""
    questions: list[Callable[[Pdb], object]] = [
        lambda pdb: pdb.symbol("CmRegisterCallback"),
        lambda pdb: pdb.symbol("?Callback@filter@@YAHPEAX00@Z"),
        lambda pdb: pdb.nearest(0x1021),
        lambda pdb: pdb.nearest(0x30000),
        lambda pdb: pdb.field_offset("_FLAGS", "Last"),
        lambda pdb: pdb.field_offset("_LONG_LIST", "Nothing"),
        lambda pdb: pdb.field_offset("_ELSEWHERE", "Pointer"),
    ]
    try:
        with opened(path) as pdb:
            for question in questions:
                try:
                    question(pdb)
                except SymbolFileError as error:
                    assert "\n" not in str(error)
    except SymbolFileError as error:
        assert str(path) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"", "is not a PDB: it is empty"),
        (b"MZ", "is not a PDB: it starts with b'MZ'"),
        (b"<!DOCTYPE html>" * 20, "is not a PDB: it starts with b'<!DOCTYPE html><'"),
        (b"Microsoft C/C++ program database 2.00\r\n\x1aJG\0\0" * 20, "is not a PDB"),
        (b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0", "is not a PDB"),
        (b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0" + b"\x03" * 24, "impossible block size"),
    ],
    ids=["empty", "image", "page", "version-2", "magic-alone", "block-size"],
)
def test_files_that_are_no_pdb(tmp_path: Path, contents: bytes, why: str) -> None:
    path = tmp_path / "x.pdb"
    path.write_bytes(contents)
    with pytest.raises(SymbolFileError) as raised:
        Pdb(str(path))
    assert str(raised.value).startswith(str(path)) and why in str(raised.value)


@pytest.mark.parametrize("dbi", [[], [b""], [b"", b"ids"]], ids=["none", "empty", "empty-ids"])
def test_a_pdb_of_types_alone(sample: BuildSample, tmp_path: Path, dbi: list[bytes]) -> None:
    """As the compiler writes one: no linker has given it symbols."""
    path = tmp_path / "vc140.pdb"
    write_streams(path, read_streams(sample().pdb)[:DBI] + dbi)
    with pytest.raises(SymbolFileError) as raised:
        Pdb(str(path))
    assert str(raised.value).startswith(f"{path} holds types alone, as a compiler writes")


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.pdb"):
        with pytest.raises(SymbolFileError, match="cannot be opened"):
            Pdb(str(path))


def test_a_truncated_pdb(sample: BuildSample, tmp_path: Path) -> None:
    """Cut at every block and inside it: what is left is read, or refused in one line."""
    whole = sample("x64", private=True).pdb.read_bytes()
    path = tmp_path / "cut.pdb"
    for blocks in range(len(whole) // BLOCK_SIZE):
        for extra in (0, 100):
            path.write_bytes(whole[: blocks * BLOCK_SIZE + extra])
            ask_everything(path)


def test_a_stream_that_is_one_block_many_times(tmp_path: Path) -> None:
    """A file of a few MB could be a stream of many GB; it is refused before it is read."""
    path = tmp_path / "many.pdb"
    write_streams(path, [b"", b"x" * 28, b"", b"y" * 64])
    data = bytearray(path.read_bytes())
    map_block = struct.unpack_from("<I", data, 52)[0]
    directory = struct.unpack_from("<I", data, map_block * BLOCK_SIZE)[0] * BLOCK_SIZE
    block = struct.unpack_from("<I", data, directory + 4 + 4 * 4)[0]
    many = struct.pack("<5I", 4, 0, BLOCK_SIZE * 1000, 0, 64) + struct.pack("<I", block) * 1001
    data[directory : directory + len(many)] = many
    struct.pack_into("<I", data, 44, len(many))
    path.write_bytes(data)
    with pytest.raises(SymbolFileError, match=r"many\.pdb: .* lies (outside|beyond)"):
        Pdb(str(path))


# The streams that questions lead to, their first bytes most of all: they hold the sizes.
PLACES = st.tuples(st.integers(0, 30), st.one_of(st.integers(0, 160), st.integers(0, 20_000)))
WORDS = st.one_of(
    st.sampled_from([0, 1, 2, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]),
    st.integers(0, 0xFFFFFFFF),
)


@settings(max_examples=300)
@given(lies=st.lists(st.tuples(PLACES, WORDS), min_size=1, max_size=4))
def test_lies_in_the_streams(
    sample: BuildSample, tmp_path: Path, lies: list[tuple[tuple[int, int], int]]
) -> None:
    streams = read_streams(sample("x64", private=True).pdb)
    for (number, offset), word in lies:
        if number < len(streams) and offset + 4 <= len(streams[number]):
            streams[number] = patched(streams[number], offset, struct.pack("<I", word))
    path = tmp_path / "lies.pdb"
    write_streams(path, streams)
    ask_everything(path)


@settings(max_examples=150)
@given(flips=st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=30))
def test_flipped_bytes(sample: BuildSample, tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    data = bytearray(sample("x64", private=True).pdb.read_bytes())
    for place, bits in flips:
        data[place % len(data)] ^= bits
    path = tmp_path / "flipped.pdb"
    path.write_bytes(data)
    ask_everything(path)


def test_a_closed_pdb_lets_go_of_its_file(sample: BuildSample, tmp_path: Path) -> None:
    """And one that could not be opened too: Windows does not delete a mapped file."""
    good, bad = tmp_path / "good.pdb", tmp_path / "bad.pdb"
    shutil.copy(sample().pdb, good)
    streams = read_streams(sample().pdb)
    write_streams(bad, [streams[0], b""])
    Pdb(str(good)).close()
    with pytest.raises(SymbolFileError) as raised:
        Pdb(str(bad))
    assert raised.traceback[1].frame.f_locals["self"]._msf._data.closed


def test_types_without_an_index_are_not_walked_for_ever(
    sample: BuildSample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of records with one hash, each at the end of a walk over all of them: hours."""
    monkeypatch.setattr(pdb_types, "_MOST_RECORDS", 20)
    built = sample("x64", True)
    tpi = patched(read_streams(built.pdb)[TPI], 44, bytes(4))  # of the index's offsets
    with opened(changed(built, tmp_path, {TPI: tpi})) as pdb:
        with pytest.raises(SymbolFileError, match="20 types were passed over to find others"):
            for each in field_layouts(built):
                pdb.field_offset(each.type_name, each.name)
        with pytest.raises(SymbolFileError, match="its index leads nowhere"):
            pdb.field_offset("_FLAGS", "Last")


def test_symbols_of_modules_are_no_larger_together_than_the_file(
    sample: BuildSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams may share their blocks: a thousand of them were read as a thousand megabytes."""
    built = sample("x64", True)
    (function, *_) = functions(built)
    monkeypatch.setattr(Msf, "size", 16)
    with opened(built.pdb) as pdb, pytest.raises(SymbolFileError, match="larger together than"):
        pdb.nearest(function.rva)
