"""From a handle to its object: tables of all three heights, entries of every form."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.handles import BadHandle, object_of_handle
from pykd_ext.kernel.processes import Process
from tests.support.handle_tables import PAGE, entry_of, write_table
from tests.support.registry import Registry
from tests.support.registry_types import row

BUILDS = [("x64", 3790), ("x64", 7601), ("x64", 9200), ("x64", 9600), ("arm64", 22621),
          ("x86", 2600), ("x86", 7601), ("x86", 9200), ("x86", 19041)]  # fmt: skip


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
