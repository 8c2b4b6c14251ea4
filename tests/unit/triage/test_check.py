"""``regcb check``: each technique is found, and nothing is held against a clean machine.

``python -m tests.unit.triage.test_check`` writes pykd_ext/triage/README.md's table of techniques.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.triage.check import CHECKS
from tests.lab import Truth
from tests.lab.damages import DAMAGES
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate
from tests.support.techniques import CLEAN, TECHNIQUES

PAGE = Path(__file__).parents[3] / "pykd_ext" / "triage" / "README.md"
VOLATILITY = Path(__file__).parents[2] / "bench" / "techniques.json"
PROFILES = ["x64-19041", "x86-19041", "arm64-22621"]
DAMAGED = 2  # the callback in the middle of four


def checked(truth: Truth, regcb: Regcb) -> tuple[int, dict[str, Any]]:
    """Exit status and document."""
    status, output, errors = regcb("-z", truth.path, "-y", truth.symbols, "check", "--json")
    assert errors == ""
    document: dict[str, Any] = json.loads(output)
    validate(document)
    return status, document


def above_info(document: dict[str, Any]) -> set[str]:
    return {each["id"] for each in document["findings"] if each["severity"] != "info"}


CASES = [(damage, profile) for damage in TECHNIQUES for profile in PROFILES]


@pytest.mark.parametrize(("damage", "profile"), CASES)
def test_a_technique_is_found(damage: str, profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile, callbacks=4, damage=(damage,))
    status, document = checked(truth, regcb)
    assert above_info(document) == TECHNIQUES[damage]
    assert status == 1


@pytest.mark.parametrize("profile", ["x64-10586", *PROFILES])
def test_who_waits_for_an_unregistration(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    """The mark blinds a callback unless somebody waits for it."""
    severities, summaries = zip(
        *(
            (each["severity"], each["summary"])
            for damage in ("unregister-pending", "unregister-forged")
            for each in checked(lab_dump(profile, callbacks=4, damage=(damage,)), regcb)[1][
                "findings"
            ]
            if each["id"] == "unregister-pending"
        )
    )
    assert severities == ("info", "high")
    assert "is in CmUnRegisterCallback" in summaries[0]
    assert summaries[1].endswith("no thread waits in CmUnRegisterCallback: the mark was forged")


def test_who_waits_is_not_known_where_threads_cannot_be_walked(
    lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=4, damage=("unregister-pending",))
    words = ("-z", truth.path, "--no-symbols", "check", "--json")
    (found,) = named(json.loads(regcb(*words)[1]), "unregister-pending")
    assert found["severity"] == "medium"
    assert found["doubt"].startswith("threads cannot be walked: ")


@pytest.mark.parametrize("profile", ["x64-7601", "x86-7601"])
def test_windows_7_knows_no_mark_of_an_unregistration(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """It calls a callback whose bit 31 is set: that is a number. It unlinks before it waits."""
    _, marked = checked(lab_dump(profile, callbacks=4, damage=("unregister-forged@1",)), regcb)
    (found,) = (each for each in marked["findings"] if each["severity"] != "info")
    assert (found["id"], found["evidence"]) == ("uses-odd", {"active_uses": 0x8000_0000})
    assert marked["callbacks"][1]["unregistering"] is False
    severities = [
        {each["id"]: each["severity"] for each in document["findings"]}
        for damage in ("entry-unregistering@1", "entry-unlinked@1")
        for document in [checked(lab_dump(profile, callbacks=4, damage=(damage,)), regcb)[1]]
    ]
    names = ("count-mismatch", "entry-orphaned")
    assert [tuple(map(each.get, names)) for each in severities] == [
        ("info", "info"),
        ("medium", "high"),
    ]


@pytest.mark.parametrize(
    ("damage", "profile"),
    [(damage, profile) for damage in CLEAN for profile in PROFILES],
)
def test_nothing_is_held_against_what_is_odd_but_clean(
    damage: str, profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=(damage,))
    status, document = checked(truth, regcb)
    assert above_info(document) == set()
    assert status == 0


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("altitude-unreadable@1", "callback #1: altitude: memory at "),
        ("entry-unreadable@1", "callback #1: memory at "),
        ("entry-unreadable@1", "files: drivers without a callback were not looked for: "),
    ],
)
def test_what_of_a_callback_was_not_judged_is_said(
    damage: str, what: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(callbacks=4, damage=(damage,))
    document = checked(truth, regcb)[1]
    said = [f"{each['where']}: {each['what']}" for each in document["problems"]]
    assert [each.startswith(what) for each in said].count(True) == 1
    shown = regcb("-z", truth.path, "-y", truth.symbols, "check")[1]
    assert f"\n! {what.replace('files: ', '')}" in shown


@pytest.mark.parametrize("index", [1, 2], ids=["without-contexts", "with-contexts"])
def test_a_freed_block_is_no_orphan_where_the_pool_tells(
    index: int, lab_dump: MakeDump, regcb: Regcb
) -> None:
    damage = (f"entry-freed@{index}",)
    orphans = [
        (each["severity"], each["evidence"]["state"])
        for profile in ("x64-7601", "x86-7601", "x64-19041")
        for each in checked(lab_dump(profile, callbacks=4, damage=damage), regcb)[1]["findings"]
        if each["id"] == "entry-orphaned"
    ]
    # The lab leaves the object contexts of callback 2 on their keys: those show that it lives.
    told = ("info", "freed") if index == 1 else ("high", "live")
    assert orphans == [told, told, ("info", "unknown") if index == 1 else told]


@pytest.mark.parametrize("profile", ["x64-7601", "x86-7601", "x64-19041"])
def test_what_lies_between_two_pages_that_are_out_was_not_taken_out(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """Unless the links of those beside it say so."""
    out = ("entry-unreadable@1", "entry-unreadable@5")
    sound = checked(lab_dump(profile, callbacks=8, damage=out), regcb)[1]
    (said,) = (each for each in sound["problems"] if "nothing is known of" in each["what"])
    assert said["where"] == f"entry {sound['callbacks'][1]['address']}"
    truth = lab_dump(profile, callbacks=8, damage=(*out, "entry-unlinked@3"))
    unlinked = checked(truth, regcb)[1]
    judged = [
        {each["evidence"]["address"]: each["severity"] for each in named(found, "entry-orphaned")}
        for found in (sound, unlinked)
    ]
    between = [f"{each.address:#x}" for each in truth.callbacks[2:5]]
    assert judged[0] == dict.fromkeys(between, "info")
    assert judged[1] == {**judged[0], between[1]: "high"}
    assert above_info(sound) == set()
    (gap,) = named(sound, "cookie-gap")
    assert gap["summary"].endswith(" have no entry that could be read")


@pytest.mark.parametrize("profile", ["x64-19041", "arm64-22621"])
def test_a_block_that_may_be_free_waits_for_a_second_witness(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """The bytes of a driver's block are the same after a clean unregistration, and after somebody
    has unlinked it and corrected the count; a count that still includes it tells."""
    severities = [
        [each["severity"] for each in named(document, "entry-orphaned")]
        for damage in ("entry-freed@1", "entry-unlinked-counted@1", "entry-unlinked@1")
        for document in [checked(lab_dump(profile, callbacks=4, damage=(damage,)), regcb)[1]]
    ]
    assert severities == [["info"], ["info"], ["medium"]]


@pytest.mark.parametrize("damage", ["callback-crashed", "entry-unlinked"])
@pytest.mark.parametrize("profile", PROFILES)
def test_the_callback_that_the_machine_crashed_in(
    profile: str, damage: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """Wherever it is found: on the list or, unlinked, by the object contexts that it has set."""
    truth = lab_dump(profile, callbacks=4, damage=("callback-crashed", damage))
    document = checked(truth, regcb)[1]
    finding = next(each for each in document["findings"] if each["id"] == "callback-crashed")
    assert finding["evidence"]["exception"] == "0xc0000005"
    assert "STATUS_ACCESS_VIOLATION" in finding["summary"]
    crashed = document["callbacks"][finding["callback"]]
    assert crashed["function"] == f"{truth.callbacks[DAMAGED].function:#x}"
    assert crashed["found_by"] == ("object-context" if damage == "entry-unlinked" else "list")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_driver_that_hides_is_named_by_its_header(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=("module-unlinked",))
    callback = truth.callbacks[DAMAGED]
    findings = checked(truth, regcb)[1]["findings"]
    finding = next(each for each in findings if each["id"] == "owner-none")
    assert finding["evidence"]["image"] == f"{callback.owner_base:#x}"
    assert finding["evidence"]["pdb"] == callback.owner.replace(".sys", ".pdb")
    assert finding["evidence"]["pdb"] in finding["summary"]


def test_a_function_with_no_image_around_it(lab_dump: MakeDump, regcb: Regcb) -> None:
    findings = checked(lab_dump(damage=("function-nowhere",)), regcb)[1]["findings"]
    finding = next(each for each in findings if each["id"] == "owner-none")
    assert (finding["evidence"]["image"], finding["evidence"]["pdb"]) == (None, None)
    assert finding["doubt"] is None


@pytest.mark.parametrize("profile", PROFILES)
def test_unloaded_drivers_are_known_without_symbols(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """By KdDebuggerDataBlock."""
    truth = lab_dump(profile, damage=("function-unloaded",))
    document = json.loads(regcb("-z", truth.path, "check", "--json")[1])
    assert above_info(document) == {"owner-unloaded"}


def test_unloaded_drivers_are_not_known(lab_dump: MakeDump, tmp_path: Path, regcb: Regcb) -> None:
    raw = bytearray(Path(lab_dump(damage=("function-unloaded",)).path).read_bytes())
    raw[0x80:0x88] = bytes(8)  # DUMP_HEADER64.KdDebuggerDataBlock
    path = tmp_path / "no-debugger-data.dmp"
    path.write_bytes(raw)
    document = json.loads(regcb("-z", path, "check", "--json")[1])
    finding = next(each for each in document["findings"] if each["id"] == "owner-none")
    assert "which drivers were unloaded could not be read" in finding["doubt"]


def test_a_crash_in_a_callback_that_nobody_has(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4, damage=("callback-crashed", "function-null"))
    findings = checked(truth, regcb)[1]["findings"]
    finding = next(each for each in findings if each["id"] == "callback-crashed")
    assert finding["callback"] is None
    assert f"{truth.callbacks[DAMAGED].function:#x}" in finding["summary"]


@pytest.mark.parametrize("profile", ["x64-19041", "arm64-22621"])
def test_the_kernels_own_callbacks_come_and_go(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """Both have been unregistered, and nothing tells that their blocks are free."""
    own = [
        index
        for index, each in enumerate(lab_dump(profile, callbacks=6).callbacks)
        if each.owner == "ntoskrnl.exe"
    ]
    freed = tuple(f"entry-freed@{index}" for index in own)
    document = checked(lab_dump(profile, callbacks=6, damage=freed), regcb)[1]
    assert len(freed) == 2
    assert [each["id"] for each in document["findings"]].count("entry-orphaned") == 2
    assert above_info(document) == set()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_kernels_own_callbacks_are_clean(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """Those of registry tracing and of silos, 64 of one driver, and a context on a key."""
    status, document = checked(lab_dump(profile, callbacks=70), regcb)
    assert (status, above_info(document)) == (0, set())


def named(document: dict[str, Any], id_: str) -> list[dict[str, Any]]:
    """The findings, then the remarks, with that id."""
    return [each for each in document["findings"] + document["remarks"] if each["id"] == id_]


@pytest.mark.parametrize("profile", PROFILES)
def test_what_every_windows_has_is_only_remarked(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    """Gaps between cookies; one company's drivers with each other's altitudes, and silent ones."""
    truth = lab_dump(profile, callbacks=4)
    document = checked(truth, regcb)[1]
    (gap,) = document["remarks"]
    assert (gap["id"], gap["evidence"]["issued"]) == ("cookie-gap", 8)
    assert [each["severity"] for each in named(document, "altitude-foreign")] == ["info"]

    # Callback 2 has WdFilter.sys's altitude.
    truth = lab_dump(profile, callbacks=4, damage=("driver-of-windows",))
    document = checked(truth, regcb)[1]
    (foreign,) = named(document, "altitude-foreign")
    assert foreign in document["remarks"]
    assert foreign["evidence"]["company"] == "Microsoft"

    silent = ("driver-of-windows", "entry-freed@2")
    (remark,) = named(
        checked(lab_dump(profile, callbacks=4, damage=silent), regcb)[1], "driver-silent"
    )
    assert remark["why"].startswith("it is Microsoft's")
    (finding,) = named(
        checked(lab_dump(profile, callbacks=4, damage=("entry-freed@2",)), regcb)[1],
        "driver-silent",
    )
    assert (finding["severity"], finding["evidence"]["driver"]) == ("info", "avfilter.sys")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("index", "name"), [(1, "netmon.sys"), (2, "avfilter.sys")])
def test_a_silent_driver_that_looks_the_routine_up(
    index: int, name: str, profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    damage = (f"driver-looks-up@{index}", f"entry-freed@{index}")
    (finding,) = named(
        checked(lab_dump(profile, callbacks=4, damage=damage), regcb)[1], "driver-silent"
    )
    ability = "imports CmUnRegisterCallback and looks up CmRegisterCallbackEx"
    assert finding["summary"] == f"{name} {ability} and has no callback"


@pytest.mark.parametrize(
    ("profile", "severity"),
    [("x64-19041", "info"), ("x64-22621", "high"), ("arm64-22621", "high")],
)
def test_a_hotpatch_is_marked_where_its_windows_marks_them(
    profile: str, severity: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=("prologue-hotpatch-unmarked",))
    (finding,) = named(checked(truth, regcb)[1], "prologue-patched")
    assert finding["severity"] == severity


def test_each_check_is_named_after_its_finding() -> None:
    names = {each.__name__.replace("_", "-") for each in CHECKS}
    assert set().union(*TECHNIQUES.values()) | {
        "altitude-foreign", "cookie-gap", "crash-parameter", "driver-silent",
    } == names  # fmt: skip


def test_xp_has_no_list_to_check(lab_dump: MakeDump, regcb: Regcb) -> None:
    status, document = checked(lab_dump("x86-2600"), regcb)
    assert (status, above_info(document)) == (0, set())
    status, document = checked(lab_dump("x86-2600", damage=("function-null",)), regcb)
    assert (status, above_info(document)) == (1, {"function-null"})


def table() -> str:
    """In Markdown: what was done to the dump, and the checks that must see it."""
    shown = json.loads(VOLATILITY.read_text("utf-8"))
    rows = ["| done to the dump | found by | volatility3 2.28 shows |", "|---|---|---|"]
    for name, ids in [*TECHNIQUES.items(), *((each, set()) for each in CLEAN)]:
        found = ", ".join(f"`{each}`" for each in sorted(ids)) or "nothing, and rightly"
        rows.append(f"| {DAMAGES[name.partition('@')[0]].description} | {found} | {shown[name]} |")
    return "\n".join(rows) + "\n"


TABLE = re.compile(r"^\| done to the dump .*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)


def test_the_page_has_this_table() -> None:
    found = TABLE.search(PAGE.read_text("utf-8"))
    assert found and found[0].strip() == table().strip()


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table().strip(), page), "utf-8")


def test_a_search_that_finds_nothing_has_missed_nothing(lab_dump: MakeDump, regcb: Regcb) -> None:
    """Pages where an image might have begun are not named as what could not be judged; the entry's
    own is."""

    def not_judged(damage: str) -> list[str]:
        truth = lab_dump(damage=(damage,))
        words = ("-z", truth.path, "-y", truth.symbols, "check", "--json")
        problems = json.loads(regcb(*words)[1])["problems"]
        return [each["what"] for each in problems if each["what"].startswith("not judged")]

    assert not_judged("function-nowhere") == []
    (said,) = not_judged("entry-unreadable")
    assert said.endswith(" (pages)")
