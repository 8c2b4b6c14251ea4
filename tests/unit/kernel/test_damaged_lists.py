"""Damaged lists and hostile strings: nothing is lost, nothing escapes, the place is named."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.lab import Truth
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

# Damages of the lab under which every callback of the list is still found, and in which order of
# callbacks the back links alone give (None: all by Flink).
RECOVERED = {
    "entry-self-link": 1,
    "entry-loop": 1,
    "flink-user": 1,
    "flink-odd": 1,
    "head-flink-user": 4,
    "head-emptied": 4,
    "blink-broken": 0,
    "count-zero": 0,
    "entry-unreadable": 1,
    "altitude-unreadable": 0,
    "modules-unreadable": 0,
    "unloaded-unreadable": 0,
    "code-unreadable": 0,
    "kernel-not-first": 0,
    "kernel-unlinked": 0,
}

ALTITUDES = {
    "odd": "odd Length 0xb, its last byte is left out",
    "null-buffer": "Buffer is NULL with Length 0xc",
    "empty": "empty (Length 0)",
    "huge": "Length 0xfffe is no altitude's, cut to 0x400",
}
HOSTILE = [
    "altitude-control",
    "altitude-escape",
    "altitude-dml",
    "altitude-html",
    "altitude-formula",
    "driver-name-dml",
]


def listed(lab_dump: MakeDump, regcb: Regcb, damage: str) -> tuple[Truth, dict[str, Any]]:
    truth = lab_dump(callbacks=4, damage=(damage,))
    return truth, regcb.json(truth, "list")


@pytest.mark.parametrize(("damage", "by_back_links"), RECOVERED.items())
def test_every_entry_is_found_by_one_way_or_the_other(
    damage: str, by_back_links: int, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth, document = listed(lab_dump, regcb, damage)
    validate(document)
    found = document["callbacks"]
    assert [each["address"] for each in found] == [f"{e.address:#x}" for e in truth.callbacks]
    assert [each["found_by"] for each in found].count("back-links") == by_back_links


@pytest.mark.parametrize(
    ("damage", "where", "what"),
    [
        ("entry-self-link", "entry", "Flink points to the entry itself"),
        ("entry-loop", "entry", "Flink loops back to the entry at 0x"),
        ("flink-user", "entry", r"Flink points into user space \(0x7ff61000\)"),
        ("flink-odd", "entry", r"Flink is not aligned \(0x[0-9a-f]*[26ae]\)"),
        ("head-flink-user", "nt!CallbackListHead", "Flink points into user space"),
        ("head-emptied", "nt!CallbackListHead", "Blink is 0x.* but Flink leads to 0x"),
        ("blink-broken", "entry", "Blink is 0x.* not 0x"),
        ("modules-unreadable", "modules", "nt!PsLoadedModuleList is cut short"),
    ],
)
def test_the_broken_place_is_named(
    damage: str, where: str, what: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    _, document = listed(lab_dump, regcb, damage)
    assert any(
        each["where"].startswith(where) and re.search(what, each["what"])
        for each in document["problems"]
    ), document["problems"]


def test_a_sound_list_has_no_problems(lab_dump: MakeDump, regcb: Regcb) -> None:
    document = regcb.json(lab_dump(), "list")
    assert document["problems"] == []
    assert not any(each["problems"] for each in document["callbacks"])


def test_an_unreadable_entry_is_marked_and_the_rest_is_read(
    lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth, document = listed(lab_dump, regcb, "entry-unreadable")
    (index,) = (damage.index for damage in truth.damage)
    assert index is not None
    broken = document["callbacks"][index]
    assert broken["function"] is broken["altitude"] is broken["cookie"] is None
    assert "is paged out or not mapped" in broken["problems"][0]
    others = [each for each in document["callbacks"] if each is not broken]
    assert all(each["function"] for each in others)


def test_a_link_to_nowhere_is_an_entry_that_cannot_be_read(
    lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth, document = listed(lab_dump, regcb, "flink-unmapped")
    unreadable = [each for each in document["callbacks"] if each["function"] is None]
    assert len(unreadable) == 1
    assert len(document["callbacks"]) == len(truth.callbacks) + 1


def test_an_entry_that_flink_skips_comes_after_the_others(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth, document = listed(lab_dump, regcb, "entry-skipped")
    skipped = truth.callbacks[truth.damage[0].index or 0]
    *others, last = document["callbacks"]
    assert (last["address"], last["found_by"]) == (f"{skipped.address:#x}", "back-links")
    assert {each["found_by"] for each in others} == {"list"}
    assert len(others) == len(truth.callbacks) - 1


@pytest.mark.parametrize("damage", ["entry-unlinked", "entry-unlinked-counted"])
def test_what_the_list_does_not_lead_to_is_not_listed(
    damage: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth, document = listed(lab_dump, regcb, damage)
    assert len(document["callbacks"]) == len(truth.callbacks) - 1
    missing = truth.count - document["target"]["callback_count"]
    assert missing == (1 if damage.endswith("counted") else 0)


@pytest.mark.parametrize("profile", ["x64-19041", "x86-2600"])
def test_what_lies_beyond_the_limit_is_said(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile, callbacks=4)
    said = [
        regcb("-z", truth.path, "-y", truth.symbols, "list", "--limit", limit)[1].splitlines()[-1]
        for limit in ("2", "4")
    ]
    assert ["more with --limit" in each for each in said] == [True, False]


@pytest.mark.parametrize(("kind", "why"), ALTITUDES.items())
def test_an_altitude_that_is_none_costs_the_altitude_alone(
    kind: str, why: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth, document = listed(lab_dump, regcb, f"altitude-{kind}")
    (index,) = (damage.index for damage in truth.damage)
    assert index is not None
    found = document["callbacks"][index]
    assert found["function"] == f"{truth.callbacks[index].function:#x}"
    assert found["problems"] == [f"altitude: {why}"]


def test_states_of_a_callback(lab_dump: MakeDump, regcb: Regcb) -> None:
    def damaged(name: str) -> dict[str, Any]:
        truth, document = listed(lab_dump, regcb, name)
        found: dict[str, Any] = document["callbacks"][truth.damage[0].index]
        return found

    pending = damaged("unregister-pending")
    assert (pending["unregistering"], pending["active_uses"]) == (True, 1)
    assert damaged("active-uses")["active_uses"] == 3
    assert damaged("flags-forged")["internal"] is True
    assert damaged("function-null")["function"] == "0x0"
    nowhere = damaged("function-nowhere")
    assert (nowhere["owner_state"], nowhere["function_symbol"]) == ("none", None)
    unloaded = damaged("function-unloaded")
    assert (unloaded["owner_state"], unloaded["owner"]) == ("unloaded", "trialav.sys")


def test_a_foreign_cookie_does_not_move_the_boot_time(lab_dump: MakeDump, regcb: Regcb) -> None:
    sound = regcb.json(lab_dump(callbacks=4), "list")
    truth, document = listed(lab_dump, regcb, "cookie-forged")
    index = truth.damage[0].index
    assert document["callbacks"][index]["registration"] is None
    assert document["target"]["boot_time"] == sound["target"]["boot_time"]


def test_without_the_module_list_no_owner_is_claimed(lab_dump: MakeDump, regcb: Regcb) -> None:
    _, document = listed(lab_dump, regcb, "modules-unreadable")
    assert {each["owner_state"] for each in document["callbacks"]} == {None}


@pytest.mark.parametrize("damage", HOSTILE)
@pytest.mark.parametrize("form", [["list"], ["list", "--wide"], ["list", "--csv"], ["show", "2"]])
def test_hostile_strings_stay_text(
    damage: str, form: list[str], lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=4, damage=(damage,))
    status, output, _ = regcb("-z", truth.path, "-y", truth.symbols, *form)
    assert status == 0
    printed = output.replace("\r\n", "\n").replace("\n", "")
    assert printed.isprintable()
    if form == ["list", "--csv"]:
        assert not re.search(r'(^|,)"?[=+@]', output)


@pytest.mark.parametrize("symbols", [(), ("--no-symbols",)], ids=["pdb", "exports"])
def test_no_driver_passes_for_the_kernel_or_for_another(
    symbols: tuple[str, ...], lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=8, damage=("driver-names-alike",))
    found = {
        each["owner"]: (each["function_symbol"], each["owner_base"])
        for each in regcb.json(truth, "list", *symbols)["callbacks"]
    }
    for name, module in (("HAL.sys", "HAL"), ("KDCOM.sys", "KDCOM"), ("ntkrnlpa.exe", "nt")):
        symbol, base = found[name]
        if module == "nt" or not symbols:
            assert re.match(rf"{module}_{base[2:]}[!+]", symbol), symbol
    assert found["halmacpi.dll"][0].startswith("hal!" if not symbols else "hal+")
    assert re.match(r"nt[!+]", found["ntoskrnl.exe"][0])


@pytest.mark.parametrize("symbols", [(), ("--no-symbols",)], ids=["pdb", "exports"])
@pytest.mark.parametrize("damage", ["kernel-not-first", "kernel-unlinked"])
def test_the_kernel_is_known_by_its_debugger_data(
    damage: str, symbols: tuple[str, ...], lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=8, damage=(damage,))
    document = regcb.json(truth, "list", *symbols)
    assert document["target"]["nt_base"] == f"{truth.nt_base:#x}"
    owners = {each["owner"]: each["owner_state"] for each in document["callbacks"]}
    assert ("ntoskrnl.exe" in owners) == (damage == "kernel-not-first")
    assert (None in owners) == (damage == "kernel-unlinked")
