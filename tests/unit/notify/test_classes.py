"""REG_NOTIFY_CLASS against wdm.h, and the table against itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pykd_ext.notify.classes import CLASSES, NotifyClass, find_class, notify_class
from pykd_ext.notify.structures import structure
from tests.support.compilers import MINGW, Compiler, complaints, is_number

# mingw-w64 10.0.0 ends at 48: RegNtPre/PostSaveMergedKey are missing, and so is its count off
# (SOURCES 4.4).
NOT_IN_MINGW = {49, 50}


@pytest.mark.toolchain
@pytest.mark.parametrize("compiler", MINGW, ids=str)
def test_numbers_are_those_of_wdm_h(compiler: Compiler) -> None:
    claims = [
        is_number(name, each.number)
        for each in CLASSES
        if each.number not in NOT_IN_MINGW
        for name in (each.name, each.alias)
        if name
    ]
    claims.append(is_number("MaxRegNtNotifyClass", len(CLASSES) - len(NOT_IN_MINGW)))
    assert complaints(compiler, ["ddk/wdm.h"], claims) == ""


@pytest.mark.toolchain
def test_a_wrong_number_is_refused() -> None:
    assert complaints(MINGW[0], ["ddk/wdm.h"], [is_number("RegNtPreSetValueKey", 2)])


@pytest.mark.toolchain
@pytest.mark.parametrize("number", sorted(NOT_IN_MINGW))
def test_mingw_does_not_have_these_yet(number: int) -> None:
    """When it does, the exception above can go."""
    claim = is_number(notify_class(number).name, number)
    assert complaints(MINGW[0], ["ddk/wdm.h"], [claim])


def test_they_are_in_order_and_without_a_gap() -> None:
    assert [each.number for each in CLASSES] == list(range(len(CLASSES)))


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.name)
def test_pairs_point_at_each_other(each: NotifyClass) -> None:
    if each.pair is None:
        assert (each.number, each.phase) == (40, "other")
        return
    pair = each.pair
    assert pair.pair is each
    assert {each.phase, pair.phase} == {"pre", "post"}
    assert each.name.replace("Post", "Pre") == pair.name.replace("Post", "Pre")
    assert each.operation == pair.operation
    assert each.phase.capitalize() in each.name


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.name)
def test_what_is_owed_and_what_object_holds_are_members(each: NotifyClass) -> None:
    for name in each.structures:
        members = {member.name for member in structure(name, 8).members}
        assert set(each.bypass_owes or ()) <= members
        assert ("Object" in members) == (each.key_object != "none")
        assert ("Status" in members) >= (each.key_object == "valid-on-success")


def test_who_owes_nothing_may_be_bypassed() -> None:
    """The kernel's queries, and what gives out a key or a handle, leave the caller with nothing."""
    outputs = ("Query", "Enumerate", "Create", "Open", "LoadKey", "KeyHandleClose")
    for each in CLASSES:
        leaves = any(word in each.name.replace("UnLoad", "") for word in outputs)
        assert each.may_be_bypassed == (each.phase == "pre" and not leaves), each.name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("RegNtPreSetValueKey", 1),
        ("regntsetvaluekey", 1),
        ("SetValueKey", 1),
        (" PostOpenKeyEx ", 29),
        ("RegNtDeleteKey", 0),
        ("createkeyex", 26),
        ("RegNtOpenKeyEx", 28),
        ("0x1b", 27),
        ("0X1B", 27),
        ("27", 27),
        ("51", 51),
        ("0xffffffff", 0xFFFFFFFF),
    ],
)
def test_look_up(text: str, number: int) -> None:
    found = find_class(text)
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize("text", ["", "0x", "RegNt", "RegNtPreEverything", "1.5"])
def test_look_up_of_nothing(text: str) -> None:
    assert find_class(text) is None


def test_argument1_is_an_enum_in_a_pointer() -> None:
    assert notify_class(0xDEADBEEF_0000001D).name == "RegNtPostOpenKeyEx"


@pytest.mark.parametrize("number", [len(CLASSES), 0x1000, 0xFFFFFFFF])
def test_unknown_numbers_are_shown_as_such(number: int) -> None:
    unknown = notify_class(number)
    assert (unknown.number, unknown.phase, unknown.structures) == (number, "unknown", ())
    assert not unknown.is_known
    assert str(number) in unknown.name


def test_the_table_does_not_load_the_decoder() -> None:
    """`regcb classes` and `list` start without the 30 ms that dissect.cstruct takes."""
    code = "import sys, pykd_ext.notify.classes; sys.exit('dissect.cstruct' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
