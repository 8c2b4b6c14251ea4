"""``regcb list`` on every Windows of the lab, compared with what the lab put there."""

from __future__ import annotations

import csv
import io
import sys
from contextlib import suppress
from datetime import datetime, timezone
from errno import ENOSPC, EPIPE
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.command_line.main import main
from tests.lab import PROFILES, CallbackTruth, Truth
from tests.lab.profiles import Profile
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

ON_X64_TOO = [("x64-19041", 2), ("x64-19041", 5), ("x64-19041", 6), ("x86-19041", 5)]


def hexadecimal(value: int | None) -> str | None:
    return None if value is None else f"{value:#x}"


def expected(index: int, truth: CallbackTruth, profile: Profile) -> dict[str, Any]:
    """A callback's document as the lab knows it, without what is not in the truth."""
    return {
        "index": index,
        "address": hexadecimal(truth.address),
        "altitude": truth.altitude,
        "function": hexadecimal(truth.function),
        "owner": truth.owner,
        "owner_path": truth.owner_path,
        "owner_base": hexadecimal(truth.owner_base),
        "owner_state": "loaded",
        "context": hexadecimal(truth.context),
        "cookie": hexadecimal(truth.cookie),
        "active_uses": truth.active_uses if profile.build >= 7600 else None,
        "internal": truth.internal,
        "object_contexts": None if profile.has_vector else truth.object_contexts,
        "found_by": "vector" if profile.has_vector else "list",
        "problems": [],
    }


def check_symbol(found: str, truth: CallbackTruth) -> None:
    """``module!name`` with a PDB, ``module+0x...`` without one."""
    module = "nt" if truth.owner == "ntoskrnl.exe" else truth.owner.partition(".")[0]
    without_pdb = f"{module}+{truth.function - truth.owner_base:#x}"
    assert found in (f"{module}!{truth.function_name}", without_pdb)
    assert ("!" in found) == (truth.owner != "oldfilt.sys")


@pytest.mark.parametrize(("profile", "dump_type"), [*((name, 1) for name in PROFILES), *ON_X64_TOO])
def test_every_callback_of_every_windows(
    profile: str, dump_type: int, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(profile, dump_type)
    document = regcb.json(truth, "list")

    assert len(document["callbacks"]) == len(truth.callbacks) == truth.count
    for index, (found, known) in enumerate(zip(document["callbacks"], truth.callbacks)):
        wanted = expected(index, known, PROFILES[profile])
        assert {name: found[name] for name in wanted} == wanted
        check_symbol(found["function_symbol"], known)

    target = document["target"]
    assert target["kind"] == "crash-dump"
    assert target["architecture"] == truth.architecture
    assert target["build"] == truth.build
    assert target["nt_base"] == hexadecimal(truth.nt_base)
    assert target["list_head"] == hexadecimal(truth.list_head)
    assert target["callback_count"] == truth.count
    assert target["last_cookie"] == hexadecimal(truth.last_cookie)


def test_cookies_give_the_boot_time_and_the_order_of_registration(
    lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump("x64-19041")
    document = regcb.json(truth, "list")
    boot_time = datetime.fromisoformat(document["target"]["boot_time"].replace("Z", "+00:00"))
    since_1601 = boot_time - datetime(1601, 1, 1, tzinfo=timezone.utc)
    assert int(since_1601.total_seconds()) == truth.boot_time // 10_000_000
    found = [each["registration"] for each in document["callbacks"]]
    known = [each.registration for each in truth.callbacks]
    assert [each - min(found) for each in found] == [each - min(known) for each in known]
    assert min(found) == 1


def test_xp_has_no_boot_time_in_its_cookies(lab_dump: MakeDump, regcb: Regcb) -> None:
    document = regcb.json(lab_dump("x86-2600"), "list")
    assert document["target"]["boot_time"] is None
    assert {each["registration"] for each in document["callbacks"]} == {None}


@pytest.mark.parametrize("profile", ["x64-19041", "x86-2600", "x64-6000", "arm64-22621"])
def test_the_json_keeps_its_contract(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    document = regcb.json(lab_dump(profile), "list")
    validate(document)


def test_the_table_fits_120_columns(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=64)
    _, output, _ = regcb("list", "-z", truth.path, "-y", truth.symbols)
    table = output.splitlines()[2:]
    assert max(map(len, table)) <= 120
    assert len(table) >= 2 + 64
    for known in truth.callbacks:
        assert any(str(known.altitude) in line and known.owner in line for line in table)


def test_wide_shortens_nothing(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=64)
    _, output, _ = regcb("list", "--wide", "-z", truth.path, "-y", truth.symbols)
    assert "~" not in output
    for known in truth.callbacks:
        assert known.owner_path in output


def test_csv_has_a_row_a_callback(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041")
    _, output, _ = regcb("-z", truth.path, "-y", truth.symbols, "list", "--csv")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert [row["altitude"] for row in rows] == [each.altitude for each in truth.callbacks]
    assert [row["owner"] for row in rows] == [each.owner for each in truth.callbacks]


def test_csv_says_beside_its_rows_what_the_list_as_a_whole_lacks(
    lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump("x64-19041", damage=("head-emptied",))
    words = ("-z", truth.path, "-y", truth.symbols, "list")
    status, output, errors = regcb(*words, "--csv")
    assert (status, len(output.splitlines())) == (0, 1 + truth.count)
    said = [line[2:] for line in regcb(*words)[1].splitlines() if "nt!CallbackListHead: " in line]
    assert [f"regcb: {line}" for line in said] == errors.splitlines() != []


def test_csv_has_no_empty_rows_on_windows(
    lab_dump: MakeDump, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = lab_dump("x64-19041")
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, "utf-8", newline="\r\n"))
    assert main(["-z", truth.path, "-y", truth.symbols, "list", "--csv"]) == 0
    lines = raw.getvalue().split(b"\r\n")
    assert len(lines) == 1 + len(truth.callbacks) + 1
    assert all(b"\r" not in line and b"\n" not in line for line in lines)


class Refusing(io.RawIOBase):
    """A full disk, or a pipe that nobody reads any more."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:
        raise self._error


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("--help",)], ids=" ".join)
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(ENOSPC, "No space left"), "regcb: the output cannot be written: No space left\n"),
        (BrokenPipeError(EPIPE, "Broken pipe"), ""),
    ],
    ids=["full", "pipe"],
)
def test_output_that_is_refused(
    words: tuple[str, ...],
    error: OSError,
    says: str,
    lab_dump: MakeDump,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    truth = lab_dump("x64-19041", callbacks=64)
    stream = io.TextIOWrapper(io.BufferedWriter(Refusing(error)), "utf-8")
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["-z", truth.path, "-y", truth.symbols, *words]) == 2
    assert sys.stdout is not stream  # or it would be flushed again at exit
    sys.stdout.close()
    assert capsys.readouterr().err == says
    with suppress(OSError):
        stream.close()


def test_as_many_entries_as_asked_for(lab_dump: MakeDump, regcb: Regcb) -> None:
    document = regcb.json(lab_dump("x64-19041", callbacks=64), "list", "--limit", "3")
    assert [each["found_by"] for each in document["callbacks"]] == ["list"] * 3
    (problem,) = (each for each in document["problems"] if "--limit" in each["what"])
    assert "Flink goes on after 3 entries" in problem["what"]


def test_the_limit_holds_for_both_directions_together(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=64, damage=("flink-user@1",))
    document = regcb.json(truth, "list", "--limit", "5")
    found = [each["found_by"] for each in document["callbacks"]]
    assert len(found) == 5
    assert found[0] == "list"
    assert found[-1] == "back-links"


def symbols_known_by(truth: Truth) -> set[str]:
    return {path.name for path in Path(truth.symbols).iterdir()}


def test_the_lab_has_a_driver_without_a_pdb(lab_dump: MakeDump) -> None:
    assert "oldfilt.pdb" not in symbols_known_by(lab_dump("x64-19041"))
