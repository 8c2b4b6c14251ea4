"""volatility3 sees in the lab's dumps and images what we see: the pages, and the callbacks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pykd_ext.target.containers import find_container
from pykd_ext.target.dump_file import DumpFile
from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.physical import PAGE
from tests.lab import Truth, make_dump
from tests.lab.as_microsofts import as_microsofts
from tests.support.volatility import Volatility

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.filterwarnings("ignore:The metaschema"),  # of volatility3's own
]

KINDS = (1, 5, "raw", "lime", "elf", "vmem")
X64 = ("x64-7601", "x64-10586", "x64-19041", "x64-22621", "x64-26100")
X86 = ("x86-6002", "x86-7601", "x86-19041")

_48_BITS = 0xFFFF_FFFF_FFFF
_LEAST = 16 << 20  # bytes: of a shorter raw file it does not look for a Windows


@pytest.fixture(scope="module")
def volatility(tmp_path_factory: pytest.TempPathFactory) -> Volatility:
    return Volatility(tmp_path_factory.mktemp("volatility") / "kept")


def made(folder: Path, kind: int | str, profile: str = "x64-19041") -> Truth:
    path = folder / f"memory.{kind if isinstance(kind, str) else 'dmp'}"
    also = as_microsofts if profile in X86 else None
    truth = make_dump(path, profile, kind, callbacks=6, also=also)
    if kind == "raw":
        os.truncate(truth.path, _LEAST)
    return truth


def altitudes_and_functions(truth: Truth) -> list[tuple[str, int]]:
    return [(str(each.altitude), each.function & _48_BITS) for each in truth.callbacks]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pages(volatility: Volatility, tmp_path: Path, kind: int | str) -> None:
    truth = made(tmp_path, kind)
    theirs = volatility.layer(truth.path)
    ours = DumpFile(truth.path) if isinstance(kind, int) else find_container(map_file(truth.path))
    assert ours is not None
    present = 0
    for frame in range(ours.top + 0x10):
        page = ours.page(frame)
        assert theirs.is_valid(frame * PAGE, PAGE) == (page is not None), hex(frame)
        if page is not None:
            assert theirs.read(frame * PAGE, PAGE) == page, hex(frame)
            present += 1
    assert present > 50
    ours.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_callbacks(volatility: Volatility, tmp_path: Path, kind: int | str) -> None:
    truth = made(tmp_path, kind)
    seen = volatility.callbacks(truth.path, truth.symbols)
    assert seen == altitudes_and_functions(truth)


@pytest.mark.parametrize("profile", [*X64, *X86])
def test_the_same_callbacks_of_every_build(
    volatility: Volatility, tmp_path: Path, profile: str
) -> None:
    truth = made(tmp_path, 1, profile)
    seen = volatility.callbacks(truth.path, truth.symbols)
    assert seen == altitudes_and_functions(truth)
