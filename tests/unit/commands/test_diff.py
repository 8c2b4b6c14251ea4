"""``regcb diff``: between dumps of the lab, and with everything a file can be instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate


@pytest.fixture
def baseline(lab_dump: MakeDump, regcb: Regcb, tmp_path: Path) -> Path:
    """Of the sound x64 dump."""
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(regcb.json(lab_dump(), "list")))
    return path


def changed(baseline: Path, **fields: Any) -> Path:
    """The same with other fields in its callback 2."""
    document = json.loads(baseline.read_text())
    document["callbacks"][2].update(fields)
    path = baseline.with_name("changed.json")
    path.write_text(json.dumps(document))
    return path


def difference(regcb: Regcb, *words: str | Path) -> dict[str, Any]:
    status, output, errors = regcb("diff", *words, "--json")
    assert errors == ""
    document: dict[str, Any] = json.loads(output)
    validate(document)
    assert status == int(any(document[name] for name in ("added", "removed", "changed")))
    return document


def test_the_same_target(lab_dump: MakeDump, regcb: Regcb, baseline: Path) -> None:
    truth = lab_dump()
    found = difference(regcb, baseline, "-z", truth.path, "-y", truth.symbols)
    assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
    status, output, _ = regcb("diff", baseline, baseline)
    assert (status, output.splitlines()[-1]) == (0, "no difference")


def test_another_build_moves_the_kernels_own_functions(
    lab_dump: MakeDump, regcb: Regcb, baseline: Path
) -> None:
    """Known by name they are the same; the driver without symbols is the same file."""
    truth = lab_dump("x64-22621")
    found = difference(regcb, baseline, "-z", truth.path, "-y", truth.symbols)
    assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
    assert (found["before"]["build"], found["after"]["build"]) == (19041, 22621)


def test_callbacks_come_and_go(lab_dump: MakeDump, regcb: Regcb, tmp_path: Path) -> None:
    few, many = (regcb.json(lab_dump(callbacks=count), "list") for count in (7, 9))
    paths = [tmp_path / "few.json", tmp_path / "many.json"]
    for path, document in zip(paths, (few, many)):
        path.write_text(json.dumps(document))
    known = {each["function_symbol"] for each in few["callbacks"]}
    new = [each for each in many["callbacks"] if each["function_symbol"] not in known]
    assert len(new) == 2
    assert difference(regcb, *paths)["added"] == new
    assert difference(regcb, *reversed(paths))["removed"] == new
    rows = regcb("diff", *paths)[1].splitlines()[4:]
    assert [row.split()[:3] for row in rows] == [
        ["added", each["altitude"], each["function_symbol"]] for each in new
    ]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"altitude": "385200"}, ["altitude"]),
        ({"function": "0xfffff80416a14444", "function_symbol": "avfilter!X"}, ["function"]),
        ({"owner_state": "unloaded", "owner_path": None}, ["owner_state", "owner_path"]),
        ({"found_by": "back-links"}, ["found_by"]),
        ({"address": "0xffffe10a30000000", "cookie": "0x1", "context": "0x2"}, []),
        ({"active_uses": 3, "registration": 30}, []),
    ],
    ids=["altitude", "function", "owner", "found-by", "addresses", "counters"],
)
def test_what_counts_as_changed(
    fields: dict[str, Any], names: list[str], regcb: Regcb, baseline: Path
) -> None:
    found = difference(regcb, baseline, changed(baseline, **fields))
    assert [each["fields"] for each in found["changed"]] == ([names] if names else [])
    assert (found["added"], found["removed"]) == ([], [])


UNREAD = dict.fromkeys(
    ("altitude", "function_symbol", "function", "owner", "owner_base", "owner_state", "owner_path")
)


def test_a_page_that_is_out_takes_no_callback_away(regcb: Regcb, baseline: Path) -> None:
    """In the same boot the one at the address is meant, and in another nobody knows which."""
    out = "memory at 0xffffe10a20000000 is paged out or not mapped"
    unread = changed(baseline, **UNREAD, problems=[out])
    document = json.loads(unread.read_text())
    for each in document["callbacks"][3:]:
        each["found_by"] = "back-links"
    unread.write_text(json.dumps(document))
    for sides in ((baseline, unread), (unread, baseline)):
        found = difference(regcb, *sides)
        assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
        side = "after" if sides[1] == unread else "before"
        assert found["problems"] == [{"side": side, "where": "callback #2", "what": out}]
    document["target"]["boot_time"] = "2024-03-06T08:15:30Z"
    unread.write_text(json.dumps(document))
    for sides, what in (((baseline, unread), "removed"), ((unread, baseline), "added")):
        found = difference(regcb, *sides)
        assert [len(found[name]) for name in ("added", "removed")] == [
            what == "added",
            what != "added",
        ]
        assert f"what is {what} here may be there" in regcb("diff", *sides)[1]


def test_an_updated_driver_has_its_function_elsewhere(regcb: Regcb, baseline: Path) -> None:
    before = json.loads(baseline.read_text())["callbacks"][2]
    moved: dict[str, Any] = {"function": hex(int(before["function"], 16) + 0x40)}
    assert difference(regcb, baseline, changed(baseline, **moved))["changed"] == []
    moved["function_symbol"] = None  # without symbols nothing says that it is the same
    found = difference(regcb, baseline, changed(baseline, **moved))
    assert [each["fields"] for each in found["changed"]] == [["function"]]


def test_a_function_replaced_by_another_drivers(regcb: Regcb, baseline: Path) -> None:
    stranger = {
        "owner": "evil.sys", "owner_path": "\\??\\C:\\evil.sys", "function_symbol": "evil!Hook",
        "owner_base": "0xfffff80499990000", "function": "0xfffff80499991000",
    }  # fmt: skip
    found = difference(regcb, baseline, changed(baseline, **stranger))
    assert [each["fields"] for each in found["changed"]] == [["function", "owner", "owner_path"]]
    output = regcb("diff", baseline, changed(baseline, **stranger))[1]
    assert "function netmon!NetMonRegFilter -> evil!Hook" in output


def test_names_of_files_have_no_case(regcb: Regcb, baseline: Path) -> None:
    assert not difference(regcb, baseline, changed(baseline, owner="NETMON.SYS"))["changed"]


def test_callbacks_that_are_alike_are_matched_one_to_one(regcb: Regcb, baseline: Path) -> None:
    document = json.loads(baseline.read_text())
    document["callbacks"].append(document["callbacks"][2])
    twice = baseline.with_name("twice.json")
    twice.write_text(json.dumps(document))
    assert difference(regcb, baseline, twice)["added"] == [document["callbacks"][2]]
    assert difference(regcb, twice, baseline)["removed"] == [document["callbacks"][2]]


def test_hostile_names_are_escaped_and_fit(regcb: Regcb, baseline: Path) -> None:
    other = changed(baseline, owner="\x1b[2J" * 99, altitude="\u202e" * 99, found_by="<b>\n")
    for line in regcb("diff", baseline, other)[1].splitlines()[2:]:
        assert line.isprintable() and len(line) <= 120


@pytest.mark.parametrize("coding", ["utf-16", "utf-8-sig"])
def test_powershell_writes_other_codings(coding: str, regcb: Regcb, baseline: Path) -> None:
    other = baseline.with_name("other.json")
    other.write_text(baseline.read_text(), encoding=coding)
    assert regcb("diff", baseline, other)[0] == 0


NO_TARGET = {"schema": "regcb.callbacks/1", "callbacks": []}
X64 = {"architecture": "x64"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON, as regcb list --json writes it: "),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "it has no schema, not regcb.callbacks/1 (save one: regcb list --json)"),
        (b'{"schema": "regcb.callbacks/2"}', "its schema is 'regcb.callbacks/2', not"),
        (b'{"schema": "\\u001b[2J"}', r"its schema is '\x1b[2J', not"),
        (b'{"schema": "regcb.callbacks/1"}', "damaged: callbacks is no list"),
        (json.dumps(NO_TARGET).encode(), "damaged: target is missing"),
        (json.dumps({**NO_TARGET, "target": {}}).encode(), "damaged: target.architecture"),
        (
            json.dumps({**NO_TARGET, "target": {"architecture": "x64, and all is well"}}).encode(),
            "damaged: target.architecture is none of x64, x86, arm64",
        ),
        (
            json.dumps({**NO_TARGET, "target": X64, "callbacks": [{}] * 20_001}).encode(),
            "damaged: it has 20001 callbacks, more than the 20000 that are compared",
        ),
        (b"[" + b"{}," * (6 << 20), "larger than 16 MB, nothing that regcb list --json writes"),
        (
            b"[" + b"[[]]," * 250_000,
            "no JSON, as regcb list --json writes it: more objects and lists than regcb writes",
        ),
        (
            json.dumps({**NO_TARGET, "target": X64, "callbacks": [1]}).encode(),
            "damaged: callback 0 is no object",
        ),
        (
            json.dumps({**NO_TARGET, "target": X64, "callbacks": [{"function": "x"}]}).encode(),
            "damaged: callback 0: function is no hexadecimal number",
        ),
    ],
    ids=[
        "empty", "utf-16", "deep", "list", "schema", "hostile", "no-list", "no-target",
        "no-architecture", "words", "many", "large", "parts", "no-object", "no-number",
    ],
)  # fmt: skip
def test_a_file_that_is_no_baseline(
    content: bytes, message: str, regcb: Regcb, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    path.write_bytes(content)
    status, output, errors = regcb("diff", path)
    assert (status, output) == (2, "")
    assert errors.startswith(f"regcb: {path}: {message}"), errors
    assert errors.count("\n") == 1


def test_a_missing_file(regcb: Regcb, tmp_path: Path) -> None:
    status, _, errors = regcb("diff", tmp_path / "none")
    assert (status, errors) == (
        2,
        f"regcb: {tmp_path / 'none'}: cannot be read: No such file or directory\n",
    )


def test_another_architecture(lab_dump: MakeDump, regcb: Regcb, baseline: Path) -> None:
    truth = lab_dump("x86-19041")
    status, _, errors = regcb("diff", baseline, "-z", truth.path, "-y", truth.symbols)
    assert status == 2
    assert errors.startswith("regcb: the baseline is of x64, this is x86")
