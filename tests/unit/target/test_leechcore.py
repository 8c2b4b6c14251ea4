"""LeechCore sees in the lab's dumps and images the pages that we see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.target.containers import find_container
from pykd_ext.target.dump_file import DumpFile
from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.physical import PAGE
from pykd_ext.target.protocol import PhysicalMemory
from tests.lab import PROFILES, Truth, make_dump
from tests.lab.containers import HIBERNATION_HEADERS, hibernation_header

pytestmark = pytest.mark.toolchain

KINDS = (1, 5, 6, "raw", "lime", "elf", "vmem")

_LEAST = 16 << 20  # bytes: it opens no shorter file


def made(folder: Path, kind: int | str, profile: str = "x64-19041", size: int | None = None) -> str:
    path = folder / f"memory.{kind if isinstance(kind, str) else 'dmp'}"
    return lengthened(make_dump(path, profile, kind, callbacks=6, size=size))


def lengthened(truth: Truth) -> str:
    os.truncate(truth.path, max(_LEAST, Path(truth.path).stat().st_size))
    return truth.path


@contextmanager
def both(path: str, device: str = "") -> Iterator[tuple[PhysicalMemory, Any]]:
    """The file as we open it, and as LeechCore does."""
    import leechcorepyc

    ours = find_container(map_file(path)) or DumpFile(path)
    theirs = leechcorepyc.LeechCore(device + path)
    yield ours, theirs
    ours.close()
    theirs.close()


def differing(ours: PhysicalMemory, theirs: Any, frames: set[int]) -> list[str]:
    return [hex(each) for each in frames if ours.page(each) != page(theirs, each)]


def page(theirs: Any, frame: int) -> bytes | None:
    try:
        found: bytes = theirs.read(frame * PAGE, PAGE, False)
    except RuntimeError:
        return None
    return found


def edges(theirs: Any) -> set[int]:
    """The first and the last page of each of its runs, and those around them."""
    found = set()
    for run in theirs.memmap:
        first, behind = run["base"] // PAGE, (run["base"] + run["size"]) // PAGE
        found |= {max(first - 1, 0), first, behind - 1, behind}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pages(tmp_path: Path, kind: int | str) -> None:
    with both(made(tmp_path, kind)) as (ours, theirs):
        assert ours.top * PAGE >= theirs.maxaddr
        assert differing(ours, theirs, set(range(ours.top + 0x10))) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_pages_of_every_machine(tmp_path: Path, profile: str) -> None:
    with both(made(tmp_path, 1, profile)) as (ours, theirs):
        assert differing(ours, theirs, set(range(ours.top + 0x10))) == []


@pytest.mark.parametrize("kind", [1, "lime", "elf", "vmem"])
def test_the_same_runs_of_a_machine_with_much_memory(tmp_path: Path, kind: int | str) -> None:
    """Its memory has holes in more than one place, and goes on above 4 GiB."""
    with both(made(tmp_path, kind, size=1 << 33)) as (ours, theirs):
        assert ours.top > 1 << 20
        assert theirs.maxaddr == ours.top * PAGE
        assert differing(ours, theirs, edges(theirs) | set(range(0x100000, 0x100100))) == []


def test_a_vmem_alone(tmp_path: Path) -> None:
    path = made(tmp_path, "vmem")
    (tmp_path / "memory.vmss").unlink()
    with both(path) as (ours, theirs):
        assert differing(ours, theirs, set(range(ours.top + 0x10))) == []


@pytest.mark.parametrize("length", HIBERNATION_HEADERS)
def test_the_same_pages_of_a_hibernation_file(tmp_path: Path, length: int) -> None:
    """Of each Windows from 8 on. A page that is not there LeechCore reads as zeros."""
    path = made(tmp_path, "sys")
    held = find_container(map_file(path))
    assert held is not None
    frames = {each for each in range(held.top) if held.page(each) is not None}
    held.close()
    assert len(frames) > 50
    with Path(path).open("r+b") as file:
        file.write(hibernation_header(length, len(frames), 0x1000))
    with both(path, "hibr://file=") as (ours, theirs):
        assert differing(ours, theirs, frames) == []
