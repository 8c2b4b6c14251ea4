"""Searching a dump's memory: every dump type, hostile content, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel.listing import read_listing
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.dump_file import DumpFile
from pykd_ext.target.physical import PAGE
from pykd_ext.target.symbol_path import SymbolPath
from pykd_ext.triage.carve import Carving, carve
from tests.lab import Truth, make_dump
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

UNLINKED = ("entry-unlinked-counted@1",)


def carved(path: Path | str, symbols: str) -> tuple[Carving, list[tuple[int, int]]]:
    """What the search finds, and what it told of its progress."""
    told: list[tuple[int, int]] = []
    target = CrashDump(str(path), SymbolPath(symbols))
    try:
        listing = read_listing(target)
        return carve(target, listing, lambda done, total: told.append((done, total))), told
    finally:
        target.close()


@pytest.mark.parametrize("dump_type", [1, 2, 5, 6])
def test_in_every_type_of_dump(dump_type: int, lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-7601", dump_type, 4, UNLINKED)
    found, told = carved(truth.path, truth.symbols)
    assert [(each.callback.address, each.state) for each in found.blocks] == [
        (truth.callbacks[1].address, "allocated")
    ]
    assert told[-1][0] == told[-1][1] > 0


@pytest.mark.parametrize("dump_type", [1, 5])
def test_places_in_the_file_and_pages_agree(dump_type: int, lab_dump: MakeDump) -> None:
    """The search's way from a file to a page, against the reader's from a page to the file."""
    truth = lab_dump("x64-19041", dump_type, 8)
    file = DumpFile(truth.path)
    try:
        raw = Path(truth.path).read_bytes()
        places = list(file.find(b"CMcb"))
        assert len(places) == raw[PAGE * 2 :].count(b"CMcb") >= 8
        for place in places:
            page = file.page(place >> 12)
            assert page and page[place & 0xFFF :][:4] == b"CMcb"
    finally:
        file.close()


def test_the_list_shows_them_after_its_own(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4, damage=UNLINKED)
    document = regcb.json(truth, "list", "--carve")
    validate(document)
    assert [each["found_by"] for each in document["callbacks"]] == ["list"] * 3 + ["carved"]
    assert document["callbacks"][3]["owner"] == truth.callbacks[1].owner
    output = regcb("-z", truth.path, "-y", truth.symbols, "list", "--carve")[1]
    assert "\n3 callbacks, as CmpCallBackCount says; " in output
    assert "! #3: found by its pool tag, not by the list\n" in output


def test_what_is_older_than_the_list_was_issued(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4)
    oldest = min(range(4), key=lambda index: truth.callbacks[index].cookie)
    truth = lab_dump(callbacks=4, damage=(f"entry-unlinked-counted@{oldest}",))
    output = regcb("-z", truth.path, "-y", truth.symbols, "list", "--carve")[1]
    assert "\n! #3: found by" in output
    assert "never issued" not in output


def test_without_the_search_nothing_is_found(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4, damage=UNLINKED)
    words = ("-z", truth.path, "-y", truth.symbols, "check", "--no-carve", "--json")
    assert "entry-orphaned" not in {each["id"] for each in json.loads(regcb(*words)[1])["findings"]}


def hostile(truth: Truth, path: Path, block: bytes, count: int) -> None:
    """A copy of a sparse dump with ``block`` all over its unused upper half."""
    raw = bytearray(Path(truth.path).read_bytes())
    start = len(raw) // 2 & ~(PAGE - 1)
    room = raw[start : start + count * len(block)]
    assert len(room) == count * len(block) and not any(room)
    raw[start : start + len(room)] = block * count
    path.write_bytes(raw)


def fake_block(self_reference: int) -> bytes:
    """A POOL_HEADER and a block whose every pointer is plausible."""

    def word(value: int) -> bytes:
        return value.to_bytes(8, "little")

    links = word(self_reference) * 2
    altitude = (12).to_bytes(2, "little") * 2 + bytes(4) + word(self_reference)
    cookie = word(0x01DA6ED5_49BDFE03)
    body = links + bytes(8) + cookie + bytes(8) + word(self_reference) + altitude + links
    return b"\x06\0\x06\x03CMcb" + bytes(8) + body


def test_a_hundred_thousand_fake_blocks(tmp_path: Path) -> None:
    """They are counted, not followed: none of them has an address that leads back to it."""
    truth = make_dump(tmp_path / "a.dmp", callbacks=4, size=1 << 25)
    block = fake_block(truth.callbacks[0].address)
    hostile(truth, tmp_path / "b.dmp", block, 100_000)
    found, _ = carved(tmp_path / "b.dmp", truth.symbols)
    assert found.blocks == ()
    assert any("look like callbacks in physical memory" in each for each in found.problems)


def test_tags_beyond_the_limit_are_counted(
    lab_dump: MakeDump, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = lab_dump(callbacks=8)
    monkeypatch.setattr("pykd_ext.triage.carve._MOST_TAGS", 5)
    found, _ = carved(truth.path, truth.symbols)
    assert any("more pool tags were not looked at, 5 of each" in each for each in found.problems)


@pytest.mark.parametrize("profile", ["x86-6002", "x64-6000"])
@pytest.mark.parametrize("tag", [b"CM  ", b"CMcb"], ids=["vistas", "xps"])
def test_a_blocks_mutex_is_no_callback(
    profile: str, tag: bytes, lab_dump: MakeDump, tmp_path: Path
) -> None:
    """Vista's blocks have a mutex each; XP gives its mutexes the tag of the blocks."""
    truth = lab_dump(profile, callbacks=4, damage=UNLINKED)
    raw = Path(truth.path).read_bytes()
    assert raw.count(b"CM  ") >= 4
    path = tmp_path / "tagged.dmp"
    path.write_bytes(raw.replace(b"CM  ", tag))
    found, _ = carved(path, truth.symbols)
    assert [each.callback.address for each in found.blocks] == [truth.callbacks[1].address]
    assert not any("look like callbacks" in each for each in found.problems)


def test_xp_has_nothing_to_carve(lab_dump: MakeDump) -> None:
    truth = lab_dump("x86-2600")
    found, told = carved(truth.path, truth.symbols)
    assert (found.blocks, told) == ((), [])


def test_a_truncated_dump_is_searched_as_far_as_it_goes(
    lab_dump: MakeDump, tmp_path: Path, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=4, damage=UNLINKED)
    path = tmp_path / "cut.dmp"
    path.write_bytes(Path(truth.path).read_bytes()[: -3 * PAGE])
    status, output, errors = regcb("-z", path, "-y", truth.symbols, "check", "--json")
    assert (status in (0, 1), errors) == (True, "")
    document: dict[str, Any] = json.loads(output)
    assert any("truncated" in each["what"] for each in document["problems"])
