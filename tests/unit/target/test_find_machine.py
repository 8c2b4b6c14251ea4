"""A Windows is found in memory that leads astray: other tables, other kernels, holes, large pages.

The lab's machines are changed before their file is written.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Callable, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

import pykd_ext
from pykd_ext.target.containers import find_container
from pykd_ext.target.errors import TargetError
from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.find_machine import Machine, find_machine
from pykd_ext.target.protocol import Container
from tests.lab import Truth, make_dump
from tests.lab.address_space import AddressSpace
from tests.lab.as_microsofts import as_microsofts
from tests.lab.page_tables import page_tables
from tests.lab.physical_memory import PAGE
from tests.lab.processes import Processes
from tests.lab.world import World

pytestmark = pytest.mark.toolchain

SELF_MAP = 8 * 0x1ED  # where a top table's entry for itself is
LARGE = 0x20_0000  # bytes of a large page
PRESENT, LARGE_PAGE = 0x63, 0x80
ADDRESS = 0xF_FFFF_FFFF_F000

Also = Callable[[World, Processes], None]


class Found(NamedTuple):
    """What an image says, beside what was put into it."""

    truth: Truth
    machine: Machine
    functions: list[int | None]

    @property
    def is_right(self) -> bool:
        return self.machine.nt_base == self.truth.nt_base and self.functions == [
            each.function for each in self.truth.callbacks
        ]


def found(path: Path, also: Also, profile: str = "x64-19041") -> Found:
    truth = make_dump(path, profile, path.suffix[1:], callbacks=6, also=also)
    return looked_at(truth)


def container_of(path: str | Path) -> Container:
    container = find_container(map_file(str(path)))
    assert container is not None
    return container


def looked_at(truth: Truth) -> Found:
    container = container_of(truth.path)
    machine = find_machine(container)
    container.close()
    with pykd_ext.open_target(truth.path, truth.symbols) as target:
        return Found(truth, machine, [each.function for each in pykd_ext.callbacks(target)])


def top_entry(world: World, table: int, address: int) -> tuple[int, int]:
    """The entry of ``address`` in the top table at ``table``, and its offset."""
    shift, bits = world.space.tables.indexes[0]
    at = 8 * (address >> shift & (1 << bits) - 1)
    return world.space.memory.read_word(table >> 12, at, 8), at


def share(world: World, table: int, address: int) -> None:
    """Lets another top table map what the kernel's maps there."""
    entry, at = top_entry(world, world.space.tables.directory, address)
    world.space.memory.write_word(table >> 12, at, 8, entry)


def map_everything(world: World, below: int) -> None:
    """A top table that maps itself and the shared data as the kernel's does, and all other system
    space by one table."""
    memory = world.space.memory
    table = memory.allocate()
    memory.frames[table][PAGE // 2 :] = struct.pack("<Q", below << 12 | PRESENT) * 256
    memory.write_word(table, SELF_MAP, 8, table << 12 | PRESENT)
    share(world, table << 12, world.profile.shared_data)


# A processor's own registers that are no help.


@pytest.mark.parametrize("kind", ["elf", "vmem"])
def test_the_tables_of_a_user(tmp_path: Path, kind: str) -> None:
    """Its processor was in a program: those tables have the system's gates and no kernel (KVA
    shadow), and a process-context identifier in the register."""

    def in_a_program(world: World, _: Processes) -> None:
        table = world.space.memory.allocate() << 12
        share(world, table, world.profile.shared_data)
        world.space.tables.directory = table | 0x2

    assert found(tmp_path / f"image.{kind}", in_a_program).is_right


@pytest.mark.parametrize("kind", ["elf", "vmem"])
def test_registers_of_another_system(tmp_path: Path, kind: str) -> None:
    """Its processor was in the secure kernel, which maps itself, the shared data and an image of
    its own."""

    def in_the_secure_kernel(world: World, _: Processes) -> None:
        tables = page_tables(world.space.memory, world.profile)
        secure = AddressSpace(world.space.memory, tables, 8)
        shared = world.profile.shared_data
        driver = next(each for name, each in world.images.items() if name == "avfilter.sys")
        for address, source in ((shared, shared), (world.profile.nt_base + LARGE, driver.base)):
            secure.map(address, PAGE)
            secure.write(address, world.space.read(source, PAGE))
        world.space.tables.directory = tables.directory

    assert found(tmp_path / f"image.{kind}", in_the_secure_kernel).is_right


# Other tables in memory.


def test_tables_that_lead_in_circles(tmp_path: Path) -> None:
    """Each of many maps the shared data, and else what a table that leads to itself alone does."""

    def with_circles(world: World, _: Processes) -> None:
        memory = world.space.memory
        circle = memory.allocate()
        memory.frames[circle][:] = struct.pack("<Q", circle << 12 | PRESENT) * 512
        for _number in range(20):
            map_everything(world, circle)

    with_others_first(tmp_path / "image.raw", with_circles)


def test_empty_tables_that_are_there_often(tmp_path: Path) -> None:
    """Each level leads to one table, whose entries lead to one: 2 to the 26 empty ones in all."""

    def with_a_tree(world: World, _: Processes) -> None:
        memory = world.space.memory
        below = memory.allocate()
        for _level in range(2):
            above = memory.allocate()
            memory.frames[above][:] = struct.pack("<Q", below << 12 | PRESENT) * 512
            below = above
        map_everything(world, below)

    with_others_first(tmp_path / "image.raw", with_a_tree)


def with_others_first(path: Path, also: Also) -> None:
    """Without the kernel's own map of itself, so that the others are all that there is."""

    def alone(world: World, processes: Processes) -> None:
        also(world, processes)
        world.space.memory.write_word(world.space.tables.directory >> 12, SELF_MAP, 8, 0)

    truth = make_dump(path, "x64-19041", "raw", also=alone)
    container = container_of(truth.path)
    with pytest.raises(TargetError, match="no Windows is found"):
        find_machine(container)
    container.close()


# Memory of two systems.


@pytest.mark.parametrize("guest", ["x64-22621", "arm64-22621", "x64-7601"])
def test_a_host_with_a_guest(tmp_path: Path, guest: str) -> None:
    """All of the guest's memory lies in the host's, from 16 MiB on."""
    inner = make_dump(tmp_path / "guest.raw", guest, "raw", callbacks=12)
    host = make_dump(tmp_path / "host.raw", "x64-19041", "raw", callbacks=6)
    os.truncate(host.path, 16 << 20)
    with Path(host.path).open("ab") as file:
        file.write(Path(inner.path).read_bytes())
    assert looked_at(host).is_right
    with pykd_ext.open_target(host.path, host.symbols) as target:
        assert {each.id for each in pykd_ext.findings(target)} == {"altitude-foreign"}


def test_a_file_of_the_kernel_that_is_mapped_as_data(tmp_path: Path) -> None:
    """It lies below the kernel, calls itself that, and has no exports where an image has them."""

    def with_the_file(world: World, _: Processes) -> None:
        space, base = world.space, world.kernel.base
        file = base - 16 * LARGE
        for offset in range(0, world.kernel.image.size, PAGE):
            if space.tables.frame(base + offset) is not None:
                space.map(file + offset, PAGE)
                space.write(file + offset, space.read(base + offset, PAGE))
        header = space.unsigned(base + 0x3C, 4)
        exports = space.unsigned(base + header + 0x88, 4)  # PE32+
        space.write_unsigned(file + exports + 0x18, 4, 0)  # NumberOfNames

    assert found(tmp_path / "image.raw", with_the_file).is_right


# Low memory.


def start_block(world: World, directory: int, code: int) -> None:
    """PROCESSOR_START_BLOCK, in a page of the first MiB."""
    page = bytearray(PAGE)
    struct.pack_into("<Q", page, 0, 0x1_0006_00E9)
    struct.pack_into("<Q", page, 0x70, code)
    struct.pack_into("<Q", page, 0xA0, directory)
    world.space.memory.frames[0x13] = page


def without_self_map(world: World) -> None:
    world.space.memory.write_word(world.space.tables.directory >> 12, SELF_MAP, 8, 0)


@pytest.mark.parametrize("kind", ["raw", "lime", "elf"])
def test_the_block_that_processors_start_by(tmp_path: Path, kind: str) -> None:
    """All that there is in the low megabyte, the rest of which is a hole; nothing else tells where
    the tables are."""

    def alone(world: World, _: Processes) -> None:
        without_self_map(world)
        start_block(world, world.space.tables.directory, world.nt("CmUnRegisterCallback"))
        if kind == "elf":
            world.space.tables.directory = 0

    assert found(tmp_path / f"image.{kind}", alone).is_right


def test_a_start_block_of_something_else(tmp_path: Path) -> None:
    def with_another(world: World, _: Processes) -> None:
        start_block(world, world.space.memory.allocate() << 12, world.nt("CmUnRegisterCallback"))

    assert found(tmp_path / "image.raw", with_another).is_right


@pytest.mark.parametrize("profile", ["x86-2600", "x86-7601", "x64-7601", "x64-19041"])
def test_what_else_microsofts_have(tmp_path: Path, profile: str) -> None:
    assert found(tmp_path / "image.raw", as_microsofts, profile).is_right


# A kernel on large pages.


def on_large_pages(world: World) -> None:
    """Maps the 2 MiB around the kernel by one entry, to frames that lie together."""
    memory, tables = world.space.memory, world.space.tables
    start = world.profile.nt_base & -LARGE
    first = 0x400  # a frame, aligned as a large page has to be
    for number in range(LARGE // PAGE):
        old = tables.frame(start + number * PAGE)
        memory.frames[first + number] = bytearray(PAGE) if old is None else memory.frames.pop(old)
    table = tables.directory >> 12
    *upper, (shift, bits) = tables.indexes[:-1]
    for upper_shift, upper_bits in upper:
        at = 8 * (start >> upper_shift & (1 << upper_bits) - 1)
        table = (memory.read_word(table, at, 8) & ADDRESS) >> 12
    at = 8 * (start >> shift & (1 << bits) - 1)
    memory.write_word(table, at, 8, first << 12 | PRESENT | LARGE_PAGE)


@pytest.mark.parametrize(
    ("kind", "profile"),
    [("raw", "x64-19041"), ("elf", "x64-19041"), ("raw", "x64-7601"), ("raw", "x86-7601")],
)
def test_a_kernel_on_large_pages(tmp_path: Path, kind: str, profile: str) -> None:
    def large(world: World, _: Processes) -> None:
        on_large_pages(world)

    assert found(tmp_path / f"image.{kind}", large, profile).is_right


# Pages that hold anything.


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """One, and the offsets of its pages that hold anything."""
    path = tmp_path_factory.mktemp("image") / "image.raw"
    raw = Path(make_dump(path, "x64-19041", "raw").path).read_bytes()
    return path, [at for at in range(0, len(raw), PAGE) if any(raw[at : at + PAGE])]


@given(data=some.data())
def test_pages_that_lie(image: tuple[Path, list[int]], data: some.DataObject) -> None:
    """Words anywhere in tables, shared data and images: a Windows, or an error of ours."""
    path, held = image
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(some.integers(1, 8))):
        at = data.draw(some.sampled_from(held)) + 8 * data.draw(some.integers(0, 511))
        raw[at : at + 8] = data.draw(some.binary(min_size=8, max_size=8))
    broken = path.with_name("broken.raw")
    broken.write_bytes(raw)
    container = container_of(broken)
    with suppress(TargetError):
        assert find_machine(container).build
    container.close()


# Ranges that headers speak of.


def lime(ranges: dict[int, bytes]) -> Iterator[bytes]:
    for base, data in ranges.items():
        yield struct.pack("<4sIQQ8x", b"EMiL", 1, base, base + len(data) - 1) + data


def test_memory_that_is_far_apart(tmp_path: Path) -> None:
    """What lies between is not looked through, page by page that are not there."""
    path = tmp_path / "image.lime"
    path.write_bytes(b"".join(lime({PAGE: bytes(PAGE), 1 << 51: b"\1" * PAGE})))
    container = container_of(path)
    assert container.runs == [(1, 1), (1 << 39, 1)]
    with pytest.raises(TargetError, match="no Windows is found"):
        find_machine(container)
    container.close()


def test_a_range_that_the_file_has_little_of(tmp_path: Path) -> None:
    path = tmp_path / "image.lime"
    (header,) = lime({PAGE: bytes(2 * PAGE)})
    path.write_bytes(header.replace(struct.pack("<Q", 3 * PAGE - 1), struct.pack("<Q", 1 << 60)))
    container = container_of(path)
    assert container.runs == [(1, 2)]
    with pytest.raises(TargetError, match="no Windows is found"):
        find_machine(container)
    container.close()


@pytest.mark.parametrize("at", [0x5FF0, 0x5800])
def test_where_the_debuggers_block_may_lie(tmp_path: Path, at: int) -> None:
    """Its tag may be another page's first bytes, or not the first in its page that looks so."""

    def elsewhere(world: World, _: Processes) -> None:
        own, base = world.nt("KdDebuggerDataBlock"), world.profile.nt_base
        block = world.space.read(own, 0x300)
        world.space.write(own, bytes(len(block)))
        world.space.write(base + (at & -PAGE) + 0x20, b"KDBG")
        world.space.write(base + at, block)

    machine = found(tmp_path / "memory.raw", elsewhere).machine
    assert machine.debugger_data == machine.nt_base + at
