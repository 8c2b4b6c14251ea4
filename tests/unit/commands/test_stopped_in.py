"""``regcb decode`` in a dump whose thread is in a callback, for every notification of the lab.

What it says is held against what the C code put into the structures, member by member.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from tests.lab import NotificationTruth, Truth, make_dump
from tests.lab.build import build
from tests.lab.profiles import PROFILES
from tests.lab.registry import load_registry
from tests.support.regcb import Regcb
from tests.support.schemas import validate

EVERY_CLASS = range(51)
BEFORE_SERVER_2003 = range(15)
CASES = [
    *((profile, number) for profile in ("x64-19041", "x86-7601", "arm64-22621")
      for number in EVERY_CLASS),
    *(("x86-2600", number) for number in BEFORE_SERVER_2003),
]  # fmt: skip

KEY_MEMBERS = {"Object", "RootObject", "HighKeyObject", "LowKeyObject", "TrustClassObject"}
NEEDS_SUCCESS = {11, 13, 27, 29}  # only then is Object a key

MakeStopped = Callable[..., Truth]


@pytest.fixture
def make_stopped(tmp_path: Path) -> MakeStopped:
    def make(profile: str, notice: str, callbacks: int = 4, stopped_at: int | None = None) -> Truth:
        path = tmp_path / f"{notice}.dmp"
        return make_dump(
            path, profile, callbacks=callbacks, stopped_in=notice, stopped_at=stopped_at
        )

    return make


def notices(profile: str, number: int) -> list[str]:
    """The names of a class's notifications."""
    registry = load_registry(PROFILES[profile], build(PROFILES[profile]))
    return [name for name, each in registry.notices.items() if each.number == number]


@pytest.mark.toolchain
@pytest.mark.parametrize(("profile", "number"), CASES)
def test_every_member(profile: str, number: int, make_stopped: MakeStopped, regcb: Regcb) -> None:
    for name in notices(profile, number):
        truth = make_stopped(profile, name)
        assert truth.stop is not None
        document = regcb.json(truth, "decode")
        validate(document)
        check_call(document, truth)
        check_structure(document, truth, truth.stop.notification)


def test_without_symbols_the_callback_is_known_by_the_kernels_code(
    make_stopped: MakeStopped, regcb: Regcb
) -> None:
    truth = make_stopped("x64-19041", "RegNtPreSetValueKey")
    assert truth.stop is not None
    document = regcb.json(truth, "decode", "--no-symbols")
    assert document["callback"]["address"] == hex(truth.callbacks[truth.stop.callback].address)


@pytest.mark.parametrize("profile", ["x64-19041", "x86-2600", "x86-6002", "x86-7601", "x86-19041"])
def test_without_symbols_the_debugger_data_lead_to_the_thread_and_its_process(
    profile: str, make_stopped: MakeStopped, regcb: Regcb
) -> None:
    """On one processor: which of several threads it is, only types tell."""
    truth = make_stopped(profile, "RegNtPreSetValueKey")
    with_types, without = (regcb.json(truth, "show", "--thread", *words)
                           for words in ((), ("--no-symbols",)))  # fmt: skip
    for each in ("thread", "thread_id", "process_id", "process_name"):
        assert without[each] == with_types[each] is not None
    told, named = ([each["address"] for each in one["callbacks"]] for one in (without, with_types))
    assert told == named
    key = truth.keys["Run"]
    words = ("key", hex(key.handle), "--process", str(key.process_id), "--no-symbols")
    assert regcb.json(truth, *words)["path"] == key.path


def check_call(document: dict[str, Any], truth: Truth) -> None:
    stop = truth.stop
    assert stop is not None
    callback = truth.callbacks[stop.callback]
    assert document["callback"]["address"] == hex(callback.address)
    assert document["callback"]["function"] == hex(callback.function)
    assert (document["process"]["id"], document["process"]["name"]) == (
        stop.process_id, "regedit.exe",
    )  # fmt: skip
    if truth.architecture == "x64":
        assert document["thread"]["id"] == stop.thread_id
        assert document["thread"]["previous_mode"] == "UserMode"


def check_structure(document: dict[str, Any], truth: Truth, expected: NotificationTruth) -> None:
    assert document["class"]["number"] == expected.number
    assert document["class"]["name"] == expected.name.partition("_")[0]
    assert (document["structure"], document["address"]) == (
        expected.structure, hex(expected.address),
    )  # fmt: skip
    values = {each.name: each.value for each in expected.members}
    shown = {each["name"]: each for each in document["fields"]}
    assert values.keys() <= shown.keys()
    for name, field in shown.items():
        assert field["value"] == hex(values.get(name, 0)), name
    for member in expected.members:
        assert shown[member.name]["offset"] == member.offset, member.name
        if member.text is not None:
            assert shown[member.name]["text"] == (member.text or "(Default)"), member.name
    check_keys(shown, truth, expected, values)
    if expected.data is not None:
        value = document["value"]
        assert (value["data"], value["type"]) == (expected.data, values["Type"])
        assert value["size"] == len(expected.data) // 2
    if "Status" in values or expected.structure.startswith("REG_POST"):
        assert document["status"]["value"] == f"{values['Status']:#010x}"
    assert (document["pre"] is None) == (expected.pre is None)
    if expected.pre:
        check_structure(document["pre"], truth, expected.pre)


def check_keys(
    shown: dict[str, Any], truth: Truth, expected: NotificationTruth, values: dict[str, int]
) -> None:
    """A key object is shown by its path, but where its structure says that it is none."""
    paths = {each.address: each.path for each in truth.keys.values()}
    for name in KEY_MEMBERS & values.keys():
        if name == "Object" and expected.number in NEEDS_SUCCESS and values["Status"]:
            assert shown[name]["text"].startswith("undefined: Status is STATUS_")
        elif values[name]:
            assert shown[name]["text"].startswith(paths[values[name]]), name


@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("notice", "path"),
    [
        ("RegNtPreCreateKeyEx", "SOFTWARE\\Contoso\\Settings"),
        ("RegNtPreCreateKeyEx_Vista", "SOFTWARE\\Contoso\\Settings"),
        ("RegNtPreOpenKeyEx", "SOFTWARE\\Contoso\\Settings"),
        ("RegNtPreOpenKeyEx_Vista", "SOFTWARE\\Contoso\\Settings"),
        ("RegNtPreLoadKey", "Mounted"),
        ("RegNtPostOpenKeyEx_Denied", "SOFTWARE\\Contoso\\Settings"),
        ("RegNtPostSaveKey", "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"),
    ],
)
def test_the_key_that_it_is_about(
    notice: str, path: str, make_stopped: MakeStopped, regcb: Regcb
) -> None:
    (key,) = regcb.json(make_stopped("x64-19041", notice), "decode")["keys"]
    assert key["path"] == f"\\REGISTRY\\MACHINE\\{path}"


@pytest.mark.toolchain
def test_an_internal_callback(make_stopped: MakeStopped, regcb: Regcb) -> None:
    truth = make_stopped("x64-19041", "RegNtPreSetValueKey", callbacks=6, stopped_at=4)
    assert truth.stop is not None
    assert truth.callbacks[4].internal
    document = regcb.json(truth, "decode")
    assert document["extended_argument"] == hex(truth.stop.argument)
    assert document["callback"]["internal"]
    check_structure(document, truth, truth.stop.notification)


@pytest.mark.toolchain
@pytest.mark.parametrize("profile", PROFILES)
def test_every_build_has_every_class(profile: str) -> None:
    registry = load_registry(PROFILES[profile], build(PROFILES[profile]))
    assert {each.number for each in registry.notices.values()} == set(EVERY_CLASS)


@pytest.mark.toolchain
def test_truth_keeps_the_stop(make_stopped: MakeStopped, tmp_path: Path) -> None:
    truth = make_stopped("x64-19041", "RegNtPostSetValueKey")
    truth.write(tmp_path / "truth.json")
    assert Truth.read(tmp_path / "truth.json") == truth


@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("notice", "stopped_at", "complaint"),
    [("RegNtPreSetValu", None, "no notification"), ("1", 9, "no callback 9; there are 4")],
)
def test_what_there_is_not(
    notice: str, stopped_at: int | None, complaint: str, make_stopped: MakeStopped
) -> None:
    with pytest.raises(ValueError, match=complaint):
        make_stopped("x64-19041", notice, stopped_at=stopped_at)
