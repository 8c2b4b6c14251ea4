"""``regcb classes``: a reference that needs no target."""

from __future__ import annotations

import json

import pytest

from pykd_ext.notify.classes import CLASSES, NotifyClass
from pykd_ext.notify.structures import structure
from pykd_ext.present.classes import class_text, classes_table
from pykd_ext.present.output import to_dml, to_plain
from tests.support.regcb import Regcb
from tests.support.schemas import validate


def test_all_with_their_structures(regcb: Regcb) -> None:
    status, output, errors = regcb("classes")
    assert (status, errors) == (0, "")
    titles, _, *rows = output.splitlines()
    assert titles.split() == ["#", "Name", "Pair", "Argument2", "Since"]
    assert [row.split()[:2] for row in rows] == [[str(each.number), each.name] for each in CLASSES]
    for row, each in zip(rows, CLASSES):
        assert each.structures[0] in row
    assert max(map(len, output.splitlines())) <= 120


def test_wide_has_all_that_is_known(regcb: Regcb) -> None:
    _, output, _ = regcb("classes", "--wide")
    for row, each in zip(output.splitlines()[2:], CLASSES):
        for text in (each.alias or "", *each.structures, each.since, each.caller):
            assert text in row


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.name)
def test_one_explained(each: NotifyClass, regcb: Regcb) -> None:
    outputs = {regcb("classes", name)[1] for name in (each.name, str(each.number))}
    (output,) = outputs
    for name in each.structures:
        wide, narrow = structure(name, 8), structure(name, 4)
        sizes = f"{name}{{}}, {wide.size:#x} bytes on x64 and ARM64, {narrow.size:#x} on x86"
        older = " (where Version is 0: Windows Vista)" if name != each.structures[0] else ""
        assert sizes.format(older) in output
        rows = [line.split() for line in output.splitlines()]
        for member, on_x86 in zip(wide.members, narrow.members):
            offsets = [f"+{member.offset:#04x}", f"+{on_x86.offset:#04x}"]
            assert [*offsets, *member.type.split(), member.name] in rows
    assert ("PreInformation leads to" in output) == (each.phase == "post" and each.number > 13)
    assert max(map(len, output.splitlines())) <= 120


@pytest.mark.parametrize(
    ("name", "statuses", "bypass"),
    [
        ("SetValueKey", "a failure refuses", "is owed no output"),
        ("PreCreateKeyEx", "a failure refuses", "is owed ResultObject, GrantedAccess, Disposition"),
        ("PreLoadKey", "a failure refuses", "RootHandle; Microsoft advises against it"),
        ("PreKeyHandleClose", "none counts", None),
        ("PreCreateKey", "a failure refuses", "uncertain: "),
        ("PostSetValueKey", "STATUS_CALLBACK_BYPASS alone counts", None),
        ("CallbackObjectContextCleanup", "uncertain: ", None),
    ],
)
def test_which_statuses_count_and_what_bypass_owes(
    name: str, statuses: str, bypass: str | None, regcb: Regcb
) -> None:
    _, *lines = regcb("classes", name)[1].partition("\n\n")[0].splitlines()
    facts = dict(line.split(None, 1) for line in lines)
    assert statuses in facts["statuses"]
    assert ("bypass" in facts) == (bypass is not None)
    assert (bypass or "") in facts.get("bypass", "")


def test_json_of_one_and_of_all(regcb: Regcb) -> None:
    documents = [json.loads(regcb("classes", *words, "--json")[1]) for words in ([], ["26"])]
    for document in documents:
        validate(document)
    every, (create,) = (document["classes"] for document in documents)
    assert [each["number"] for each in every] == list(range(len(CLASSES)))
    assert every[26] == create
    assert (create["pair"], create["pre_post"], create["alias"]) == (27, "pre", None)
    assert create["bypass_owes"] == ["ResultObject", "GrantedAccess", "Disposition"]
    assert (create["answer"], create["key_object"]) == ("refuses", "none")
    assert every[40]["bypass_owes"] is None
    newest, older = create["structures"]
    assert newest["layouts"][1]["fields"][-1] == {
        "name": "CheckAccessMode", "type": "KPROCESSOR_MODE", "offset": 0x48, "size": 1,
    }  # fmt: skip
    assert [layout["size"] for layout in older["layouts"]] == [0x70, 0x3C]
    assert every[10]["caller"] is None


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("RegNtPreSetValu", "did you mean RegNtPreSetValueKey, RegNtSetValueKey"),
        ("CreatKeyEx", "did you mean RegNtPreCreateKeyEx"),
        ("zzz", "(regcb classes lists them)"),
        ("-1", "no notify class '-1'"),
        ("0x", "no notify class '0x'"),
        ("1_0", "no notify class '1_0'"),
        ("9" * 5000, "(regcb classes lists them)"),
        ("0x100000001", "(regcb classes lists them)"),
        (
            str(len(CLASSES)),
            f"notify class {len(CLASSES)} is not known: 0 to {len(CLASSES) - 1} are",
        ),
        ("", "no notify class ''"),
    ],
)
def test_a_class_that_is_none(word: str, complaint: str, regcb: Regcb) -> None:
    status, output, errors = regcb("classes", word)
    assert (status, output) == (2, "")
    assert complaint in errors
    assert errors.count("\n") == 1


def test_links_in_windbg() -> None:
    assert '<link cmd="!py regcb.py classes 16">RegNtPostSetValueKey</link>' in to_dml(
        classes_table(CLASSES)
    )
    text = class_text(CLASSES[1])
    assert '<link cmd="!py regcb.py classes 16">' in to_dml(text)
    assert "!py" not in to_plain(text)
