"""Dump files and page tables, compared with kdmp-parser and with what the lab allocated."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import kdmp_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.target.dump_file import DumpFile
from pykd_ext.target.errors import MemoryUnreadable, TargetError
from pykd_ext.target.page_tables import ARM64, X64, X64_LA57, X86, X86_PAE, Paging, translate
from pykd_ext.target.physical import PAGE
from tests.lab import Truth, make_dump
from tests.lab.world import World
from tests.support.regcb import MakeDump
from tests.support.targets import open_dump


@pytest.mark.parametrize(
    ("profile", "dump_type"),
    [
        *(("x64-19041", each) for each in (1, 5, 8, 9, 0xA)),
        ("arm64-22621", 8),
        ("arm64-22621", 0xA),
    ],
)
def test_the_same_pages_as_kdmp_parser(profile: str, dump_type: int, lab_dump: MakeDump) -> None:
    truth = lab_dump(profile, dump_type)
    ours, theirs = DumpFile(truth.path), kdmp_parser.KernelDumpParser(truth.path)
    present = 0
    for frame in range(0x1000):
        page, reference = ours.page(frame), theirs.read_physical_page(frame * PAGE)
        assert (page is None) == (reference is None), hex(frame)
        if page is not None:
            assert page == bytes(reference)
            present += 1
    assert present > 50
    assert ours.header.directory_table == theirs.directory_table_base


@pytest.mark.parametrize("dump_type", [1, 5, 8, 9, 0xA])
def test_the_same_virtual_memory_as_kdmp_parser(dump_type: int, lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041", dump_type)
    theirs = kdmp_parser.KernelDumpParser(truth.path)
    with open_dump(truth) as target:
        for address in addresses_in(truth):
            page = address & ~(PAGE - 1)
            reference = theirs.read_virtual_page(page)
            assert reference is not None
            assert target.read(page, PAGE) == bytes(reference)


def addresses_in(truth: Truth) -> list[int]:
    blocks = [each.address for each in truth.callbacks]
    return [*blocks, truth.nt_base, truth.list_head, *(each.function for each in truth.callbacks)]


@pytest.mark.parametrize(
    ("profile", "dump_type"),
    [("x64-7601", 2), ("x64-19041", 6), ("x86-7601", 1), ("x86-7601", 5), ("arm64-22621", 5)],
)
def test_every_kind_of_dump_holds_the_same_image(
    profile: str, dump_type: int, lab_dump: MakeDump
) -> None:
    truth = lab_dump(profile, dump_type)
    with open_dump(truth) as target:
        assert target.read(truth.nt_base, 2) == b"MZ"
        assert target.module_list == truth.module_list
        assert target.nt_base == truth.nt_base


def test_low_pages_of_an_old_kernel_dump_are_no_offset(lab_dump: MakeDump, tmp_path: Path) -> None:
    """SUMMARY_DUMP32's bits begin where BMP_HEADER64 has the offset of its first page."""
    truth = lab_dump("x86-7601", 2)
    data = bytearray(Path(truth.path).read_bytes())
    first, present, bits = 0x2000, int.from_bytes(data[0x101C:0x1020], "little") + 4, 0x1020
    data[0x101C:0x1020] = present.to_bytes(4, "little")
    data[bits : bits + 8] = (0xF000).to_bytes(8, "little")  # pages 12 to 15
    low = b"".join(bytes([number]) * PAGE for number in range(12, 16))
    path = tmp_path / "low.dmp"
    path.write_bytes(data[:first] + low + data[first:])
    dump, reference = DumpFile(str(path)), DumpFile(truth.path)
    assert dump.problems == []
    for frame in range(0x240):
        expected = bytes([frame]) * PAGE if 12 <= frame < 16 else reference.page(frame)
        assert dump.page(frame) == expected, hex(frame)


def test_reads_are_whole_or_fail(lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041")
    with open_dump(truth) as target:
        across = truth.nt_base + PAGE - 8
        whole = target.read(across, 16)
        assert whole == target.read(across, 8) + target.read(across + 8, 8)
        for address in (0, 0x1000, 1 << 47, 0xFFFF_7FFF_FFFF_F000, (1 << 64) - 8, 1 << 64):
            with pytest.raises(MemoryUnreadable):
                target.read(address, 16)


def test_a_truncated_dump_gives_what_it_has(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "whole.dmp")
    whole = Path(truth.path).read_bytes()
    cut = tmp_path / "cut.dmp"
    cut.write_bytes(whole[: len(whole) // 2 + 100])
    dump, reference = DumpFile(str(cut)), DumpFile(truth.path)
    assert "truncated" in dump.problems[0]
    assert not reference.problems
    pages = [dump.page(frame) for frame in range(0x1000)]
    assert 0 < sum(page is not None for page in pages) < 0x1000
    for frame, page in enumerate(pages):
        assert page is None or page == reference.page(frame)


# Intel SDM volume 3, tables 4-4 to 4-20; Arm ARM D8.3: one mapping of each kind by hand.
@pytest.mark.parametrize(
    ("paging", "physical", "address", "expected"),
    [
        # x64: PML4[0x1f0] -> PDPT[0] -> PD[1], a 2 MB page at 0x40000000
        (
            X64,
            {0x1000 + 8 * 0x1F0: 0x2063, 0x2000: 0x3063, 0x3008: 0x8000_0000_4000_00E3},
            0xFFFF_F800_0021_2345,
            0x4001_2345,
        ),
        # x64: a 1 GB page in the PDPT
        (
            X64,
            {0x1000 + 8 * 0x1F0: 0x2063, 0x2008: 0x1_4000_00E3},
            0xFFFF_F800_4012_3456,
            0x1_4012_3456,
        ),
        # x86 PAE: PDPT[2] -> PD[0x14] -> PT[3]
        (X86_PAE, {0x1010: 0x2001, 0x20A0: 0x3063, 0x3018: 0x9063}, 0x8280_3ABC, 0x9ABC),
        # x86 without PAE: a 4 MB page, then a 4 KB page
        (X86, {0x1000 + 4 * 0x20A: 0x00C0_00E3}, 0x8283_1234, 0x00C3_1234),
        (X86, {0x1000 + 4 * 0x20A: 0x2063, 0x2000 + 4 * 0x31: 0x7063}, 0x8283_1234, 0x7234),
        # ARM64: a 2 MB block (bit 1 clear), then a page
        (
            ARM64,
            {0x1000 + 8 * 0x1F0: 0x2003, 0x2000: 0x3003, 0x3008: 0x0060_0000_4000_0701},
            0xFFFF_F800_0021_2345,
            0x4001_2345,
        ),
        # x64: a page in transition is still in memory
        (
            X64,
            {0x1000 + 8 * 0x1F0: 0x2063, 0x2000: 0x3063, 0x3000: 0x4063, 0x4000: 0x9880},
            0xFFFF_F800_0000_0123,
            0x9123,
        ),
        # ... and with the bit that keeps processors from it since the fixes for L1TF
        (
            X64,
            {0x1000 + 8 * 0x1F0: 0x2063, 0x2000: 0x3063, 0x3000: 0x4063, 0x4000: 1 << 45 | 0x9880},
            0xFFFF_F800_0000_0123,
            0x9123,
        ),
        # ... but not a prototype, nor one that is in the paging file
        (
            X64,
            {0x1000 + 8 * 0x1F0: 0x2063, 0x2000: 0x3063, 0x3000: 0x4063, 0x4000: 0x9C80},
            0xFFFF_F800_0000_0123,
            None,
        ),
        (
            X64,
            {0x1000 + 8 * 0x1F0: 0x2063, 0x2000: 0x3063, 0x3000: 0x4063, 0x4000: 0x9080},
            0xFFFF_F800_0000_0123,
            None,
        ),
        # ARM64: in transition, of which no bit keeps a processor
        (
            ARM64,
            {0x1000 + 8 * 0x1F0: 0x2003, 0x2000: 0x3003, 0x3000: 0x4003, 0x4000: 0x8000_9808},
            0xFFFF_F800_0000_0123,
            0x8000_9123,
        ),
        # ... and a prototype
        (
            ARM64,
            {0x1000 + 8 * 0x1F0: 0x2003, 0x2000: 0x3003, 0x3000: 0x4003, 0x4000: 0x8000_9C08},
            0xFFFF_F800_0000_0123,
            None,
        ),
        # x64 with five levels: PML5[0x11c] -> PML4[0x1c2] -> PDPT[0x84] -> PD[0] -> PT[1]
        (
            X64_LA57,
            {
                0x1000 + 8 * 0x11C: 0x2063,
                0x2000 + 8 * 0x1C2: 0x3063,
                0x3000 + 8 * 0x84: 0x4063,
                0x4000: 0x5063,
                0x5008: 0x9063,
            },
            0xFF1C_E121_0000_1234,
            0x9234,
        ),
        # a table that is not in the dump
        (X64, {0x1000 + 8 * 0x1F0: 0x2063}, 0xFFFF_F800_0000_0123, None),
    ],
)
def test_page_tables_by_hand(
    paging: Paging, physical: dict[int, int], address: int, expected: int | None
) -> None:
    def word(at: int, size: int) -> int | None:
        return physical.get(at) if size == paging.entry_size else None

    assert translate(word, paging, 0x1000, address) == expected


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "x86-2600-nopae", "arm64-22621"])
def test_trimmed_pages_are_in_memory(profile: str, lab_dump: MakeDump, tmp_path: Path) -> None:
    """Paged pool that has been taken from the kernel's mapping, and not yet been reused."""
    sound = lab_dump(profile, callbacks=4)

    def trim(world: World, _: object) -> None:
        for callback in sound.callbacks:
            world.space.tables.trim(callback.address)

    truth = make_dump(tmp_path / "trimmed.dmp", profile, callbacks=4, also=trim)
    with open_dump(sound) as expected, open_dump(truth) as target:
        for callback in truth.callbacks:
            read = target.read(callback.address, 0x30)
            assert read == expected.read(callback.address, 0x30)


@pytest.mark.parametrize("dump_type", [1, 8])
def test_pages_that_are_there_twice(dump_type: int, lab_dump: MakeDump, tmp_path: Path) -> None:
    """A run within another hides nothing of it."""
    truth = lab_dump("x64-19041", dump_type)
    data = bytearray(Path(truth.path).read_bytes())
    second = {1: 0xA8, 8: 0x2040}[dump_type]
    first_page = int.from_bytes(data[second - 0x10 : second - 8], "little")
    data[second : second + 16] = struct.pack("<2Q", first_page + 1, 1)
    path = tmp_path / "twice.dmp"
    path.write_bytes(data)
    dump, reference = DumpFile(str(path)), kdmp_parser.KernelDumpParser(truth.path)
    assert dump.problems == [
        "0x1 pages are in the dump twice, by its own runs: the lower run's are read"
    ]
    for frame in range(first_page, first_page + 4):
        assert dump.page(frame) == bytes(reference.read_physical_page(frame * PAGE))


@given(
    where=st.integers(0x2000, 0x2060),
    what=st.binary(min_size=1, max_size=16) | st.sampled_from([b"\xff" * 8, bytes(16)]),
    dump_type=st.sampled_from([8, 0xA]),
)
def test_damaged_page_ranges(where: int, what: bytes, dump_type: int, lab_dump: MakeDump) -> None:
    """One line that says what is wrong, or pages that are in the file."""
    truth = lab_dump("x64-19041", dump_type)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.dmp"
        data = bytearray(Path(truth.path).read_bytes())
        data[where : where + len(what)] = what
        path.write_bytes(data)
        try:
            dump = DumpFile(str(path))
        except TargetError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            return
        for frame in (0, 1, 0x100, dump.top - 1, dump.top):
            assert dump.page(frame) is None or len(dump.page(frame) or b"") == PAGE
        dump.close()


def test_ranges_that_are_none_are_named(lab_dump: MakeDump, tmp_path: Path) -> None:
    data = bytearray(Path(lab_dump("x64-19041", 8).path).read_bytes())
    data[0x2030:0x2040] = (0x100).to_bytes(8, "little") + bytes(8)  # of no pages
    path = tmp_path / "damaged.dmp"
    path.write_bytes(data)
    with pytest.raises(TargetError, match=r"a page range is damaged \(0x0 pages at 0x100\)"):
        DumpFile(str(path))
    path.write_bytes(data[:0x2010])
    with pytest.raises(TargetError, match="cut off in the header of its page ranges"):
        DumpFile(str(path))
