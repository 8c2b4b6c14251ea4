"""From a handle to its object: tables of all three heights, entries of every form."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.handles import BadHandle, object_of_handle
from pykd_ext.kernel.processes import Process
from tests.unit.keys.registry import Registry
from tests.unit.keys.types import row

PAGE = 0x1000

BUILDS = [("x64", 3790), ("x64", 7601), ("x64", 9200), ("x64", 9600), ("arm64", 22621),
          ("x86", 2600), ("x86", 7601), ("x86", 9200), ("x86", 19041)]  # fmt: skip


def entry_of(registry: Registry, header: int) -> bytes:
    """The first word of an entry, with every bit set that does not belong to the pointer."""
    build = registry.target.build
    if registry.pointer_size == 4:
        word = header | 7
    elif build < 9200:
        word = header | 1
    elif build < 9600:
        word = (header >> 4 & (1 << 41) - 1) << 23 | (1 << 23) - 1
    else:
        word = (header >> 4 & (1 << 44) - 1) << 20 | (1 << 20) - 1
    return registry.word(word)


def write_table(registry: Registry, handle: int, level: int, entry: bytes) -> int:
    """The address of a HANDLE_TABLE with ``level`` tables of pointers above the entries."""
    width = 2 * registry.pointer_size
    page = aligned(registry)
    entries = PAGE // width
    registry.target.write(page + handle // 4 % entries * width, entry)
    number = handle // 4 // entries
    pointers = PAGE // registry.pointer_size
    for _ in range(level):
        above = aligned(registry)
        registry.target.write(
            above + number % pointers * registry.pointer_size, registry.word(page)
        )
        page, number = above, number // pointers
    code = 8 if registry.target.build >= 9200 else 0
    return registry.data(bytes(code) + registry.word(page | level))


def aligned(registry: Registry) -> int:
    address = registry.data(bytes(2 * PAGE))
    return (address + PAGE - 1) & ~(PAGE - 1)


def find(registry: Registry, table: int, handle: int) -> int:
    return object_of_handle(registry.target, Process(0, 4, "System", table), handle)


@pytest.mark.parametrize(("architecture", "build"), BUILDS)
@pytest.mark.parametrize(("level", "handle"), [(0, 0x1A4), (1, 0x1A04), (2, 0x30_0008)])
def test_a_handle(architecture: str, build: int, level: int, handle: int) -> None:
    registry = Registry(architecture, build)
    header = registry.data(bytes(64))
    table = write_table(registry, handle, level, entry_of(registry, header))
    body = row("_OBJECT_HEADER", architecture, build)["Body"]
    assert find(registry, table, handle) == header + body
    assert find(registry, table, handle | 3) == header + body  # the application's own bits
    with pytest.raises(BadHandle, match=r"handle .* of process 4 stands for no object"):
        find(registry, table, handle + 4)


@pytest.mark.parametrize(
    ("architecture", "handle"), [("x64", 0xFFFFFFFF_800001A4), ("x86", 0x800001A4)]
)
def test_a_kernel_handle(architecture: str, handle: int) -> None:
    registry = Registry(architecture, 19041)
    header = registry.data(bytes(64))
    table = write_table(registry, 0x1A4, 0, entry_of(registry, header))
    assert find(registry, table, handle) > header
    with pytest.raises(BadHandle, match="stands for no object"):
        object_of_handle(registry.target, Process(0, 420, "a.exe", table), handle)


def test_handles_past_the_table() -> None:
    registry = Registry("x64", 19041)
    table = write_table(registry, 4, 0, entry_of(registry, registry.data(bytes(64))))
    for handle in (PAGE // 16 * 4, 1 << 40):
        with pytest.raises(BadHandle, match="stands for no object"):
            find(registry, table, handle)


def test_a_table_that_is_none() -> None:
    registry = Registry("x64", 19041)
    with pytest.raises(BadHandle, match="its handle table: memory at"):
        find(registry, registry.missing, 4)
    table = registry.data(bytes(8) + registry.word(registry.missing | 3))
    with pytest.raises(BadHandle, match="stands for no object"):
        find(registry, table, 4)
