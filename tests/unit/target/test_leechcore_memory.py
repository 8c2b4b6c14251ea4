"""``-z leechcore:DEVICE``: a device that is a file of the lab says what the file does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.target import leechcore_memory
from pykd_ext.target.leechcore_memory import LeechCoreMemory, open_device
from pykd_ext.target.physical import PAGE, Hints
from tests.lab import make_dump
from tests.support.regcb import Regcb

pytestmark = pytest.mark.toolchain

LEAST = 16 << 20  # bytes: it opens no shorter file


def checked(regcb: Regcb, path: str, symbols: str) -> dict[str, Any]:
    status, output, errors = regcb("check", "--json", "-z", path, "-y", symbols)
    assert (status, errors) == (1, "")
    document: dict[str, Any] = json.loads(output)
    assert document["target"].pop("kind") in ("crash-dump", "memory-image")
    assert document["target"].pop("path") == path
    document.pop("problems")
    return document


@pytest.mark.parametrize("kind", ["raw", 1])
@pytest.mark.parametrize("device", ["", "file://file="])
def test_a_file_says_the_same(tmp_path: Path, regcb: Regcb, kind: int | str, device: str) -> None:
    """All memory is searched for an unlinked block; a dump has holes."""
    path = tmp_path / ("memory.raw" if kind == "raw" else "memory.dmp")
    truth = make_dump(path, dump_type=kind, callbacks=6, damage=["entry-unlinked"])
    os.truncate(path, max(LEAST, path.stat().st_size))
    said = checked(regcb, truth.path, truth.symbols)
    assert "entry-orphaned" in {each["id"] for each in said["findings"]}
    assert checked(regcb, f"leechcore:{device}{path}", truth.symbols) == said


def refusal(regcb: Regcb, path: str) -> str:
    status, output, errors = regcb("list", "-z", path)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    return errors


@pytest.mark.parametrize("device", ["fpga", "pmem", "file://file=/nowhere", "nosuch", "rpc://x"])
def test_a_device_that_is_not_there(regcb: Regcb, device: str) -> None:
    said = refusal(regcb, f"leechcore:{device}")
    assert said.startswith(f"regcb: leechcore:{device}: LeechCore opens no such device")


def test_without_the_library(regcb: Regcb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "leechcorepyc", None)
    assert refusal(regcb, "leechcore:fpga") == (
        "regcb: leechcore:fpga: needs LeechCore: pip install 'regcb[leechcore]'\n"
    )


def test_the_engine_opens_no_device(regcb: Regcb) -> None:
    status, _, errors = regcb("list", "--engine", "pykd", "-z", "leechcore:fpga")
    assert (status, errors.count("\n")) == (2, 1)
    assert "opens files: --engine none" in errors


class Flaky:
    """A device that has each second page of what its map says."""

    memmap = ({"base": PAGE, "size": 64 * PAGE},)
    maxaddr = 65 * PAGE

    def read_scatter(self, addresses: list[int]) -> list[dict[str, Any]]:
        return [
            {"addr": each, "data": each.to_bytes(8, "little") * (PAGE // 8)}
            for each in addresses
            if each // PAGE % 2
        ]

    def close(self) -> None:
        """Nothing to close."""


def test_pages_that_a_device_does_not_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leechcore_memory, "_CACHED", 32)
    memory = LeechCoreMemory("leechcore:flaky", Flaky(), Hints())
    assert memory.top == 65
    for frame in range(80):
        page = memory.page(frame)
        assert (page is not None) == (frame % 2 == 1 and frame < 65)
        assert len(memory._pages) <= 32
    assert memory.pages(3, 8) == (3 * PAGE).to_bytes(8, "little") * (PAGE // 8)
    assert memory.pages(4, 8) == b""
    for frame in (*range(1, 33), 1):  # what is read first is let go of, not what is asked for
        assert len(memory.pages(frame, 64)) == PAGE * (frame % 2)
    assert memory.word(5 * PAGE, 8) == 5 * PAGE
    assert list(memory.find((7 * PAGE).to_bytes(8, "little")))[:2] == [7 * PAGE, 7 * PAGE + 8]
    assert memory.problems == ["LeechCore does not give all pages that its map of memory has"]


def test_a_dump_tells_where_its_page_tables_are(tmp_path: Path) -> None:
    path = tmp_path / "memory.dmp"
    make_dump(path)
    os.truncate(path, LEAST)
    memory = open_device(f"leechcore:{path}")
    assert memory.hints.directory_tables
    memory.close()
