"""The rule of documents/README.md: documents grow, and old and new ones and readers get along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from jsonschema import ValidationError

from pykd_ext.documents.callback_fields import CALLBACK_FIELDS
from pykd_ext.documents.field import Field, schema_of
from pykd_ext.documents.field_types import TEXT
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import SCHEMAS, validate, validate_as_a_reader

CHECKOUT = Path(__file__).parents[3]
SAMPLES = CHECKOUT / "samples"
OLD = Path(__file__).with_name("written_earlier.json")  # of samples/sound-x64.dmp, version 1.0

COMPARED = [each.name for each in CALLBACK_FIELDS if each.compared]
LATER = [each.name for each in CALLBACK_FIELDS if each.compared and each.since != "1.0"]

ADDED = "added_later"
Value = Any


def everywhere(document: Value, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Value:
    """``document`` with ``change`` made to each of its objects, evidence apart."""
    if isinstance(document, list):
        return [everywhere(each, change) for each in document]
    if not isinstance(document, dict):
        return document
    return change(
        {
            name: value if name == "evidence" else everywhere(value, change)
            for name, value in document.items()
        }
    )


def grown(document: Value) -> Value:
    """As a later version may write it: more fields in every object, a word nobody knows yet."""
    later = everywhere(document, lambda each: {**each, ADDED: {"a": 1}})
    for callback in later["callbacks"]:
        callback["found_by"] = "hypervisor"
    return later


def saved(folder: Path, document: Value) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps(document))
    return path


def difference(regcb: Regcb, *words: str | Path) -> dict[str, Any]:
    _, output, errors = regcb("diff", *words, "--json")
    assert errors == ""
    document: dict[str, Any] = json.loads(output)
    return document


def test_an_old_baseline_and_a_new_reader(regcb: Regcb) -> None:
    validate_as_a_reader(json.loads(OLD.read_text()))
    found = difference(regcb, OLD, "-z", SAMPLES / "sound-x64.dmp", "-y", SAMPLES / "symbols")
    validate_as_a_reader(found)
    assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
    assert found["not_compared"] == LATER


@pytest.mark.parametrize("field", COMPARED)
def test_a_baseline_of_before_a_field_was_there(field: str, regcb: Regcb, tmp_path: Path) -> None:
    """It is no change that a field has come: what is not known is not compared, and said."""
    older = everywhere(
        json.loads(OLD.read_text()),
        lambda each: {name: value for name, value in each.items() if name != field},
    )
    for words in ((saved(tmp_path, older), OLD), (OLD, saved(tmp_path, older))):
        found = difference(regcb, *words)
        assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
        missing = [each for each in COMPARED if each == field or each in LATER]
        assert found["not_compared"] == missing
        status, output, _ = regcb("diff", *words)
        assert status == 0
        names = ", ".join(missing)
        assert f"! not compared: {names}, which one side was written without" in output


def test_a_new_baseline_and_an_old_reader(regcb: Regcb, tmp_path: Path) -> None:
    later = grown(json.loads(OLD.read_text()))
    validate_as_a_reader(later)
    found = difference(regcb, saved(tmp_path, later), OLD)
    validate_as_a_reader(found)
    assert (found["added"], found["removed"], found["not_compared"]) == ([], [], LATER)
    assert {tuple(each["fields"]) for each in found["changed"]} == {("found_by",)}
    assert found["changed"][0]["before"][ADDED] == {"a": 1}  # handed on, not understood


@pytest.mark.parametrize(
    "words",
    [("list",), ("check", "--no-carve"), ("show", "2")],
    ids=lambda words: str(words[0]),
)
def test_readers_take_what_a_later_version_adds(
    words: tuple[str, ...], lab_dump: MakeDump, regcb: Regcb
) -> None:
    document = regcb.json(lab_dump(), *words)
    validate(document)
    validate_as_a_reader(grown(document))


def test_no_schema_forbids_what_it_does_not_know() -> None:
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema)
        for closing in ("additionalProperties", "unevaluatedProperties", "maxProperties"):
            assert closing not in text, name


def test_what_came_later_is_not_required() -> None:
    later = Field("added_later", TEXT, lambda entry: entry.number, since="1.1")
    schema = schema_of((*CALLBACK_FIELDS, later))
    assert schema["required"] == [each.name for each in CALLBACK_FIELDS if each.since == "1.0"]
    assert schema["properties"]["added_later"]["$comment"] == "since 1.1"


def test_what_regcb_writes_is_held_to_every_field_and_word(
    lab_dump: MakeDump, regcb: Regcb
) -> None:
    """Or these tests would not see a field come or go, and the rule would be broken unseen."""
    changes: tuple[Callable[[dict[str, Any]], Any], ...] = (
        lambda callback: callback.update(added_later=1),
        lambda callback: callback.pop("owner"),
        lambda callback: callback.update(found_by="hypervisor"),
    )
    for change in changes:
        document = regcb.json(lab_dump(), "list")
        validate(document)
        change(document["callbacks"][0])
        with pytest.raises(ValidationError):
            validate(document)


def test_wrong_types_are_damage(regcb: Regcb, tmp_path: Path) -> None:
    """Of every field, with every kind of value that it has not got: one line, no traceback."""
    wrong = {"text": 5, "number": "x", "true or false": 1, "list of texts": [1]}
    for field in CALLBACK_FIELDS:
        document = json.loads(OLD.read_text())
        document["callbacks"][1][field.name] = wrong.get(field.type.name, "x")
        path = saved(tmp_path, document)
        status, output, errors = regcb("diff", path, OLD)
        assert (status, output) == (2, "")
        assert errors == (
            f"regcb: {path}: damaged: callback 1: {field.name} is no {field.type.name}\n"
        )


def test_a_baseline_without_its_list_is_damaged(regcb: Regcb, tmp_path: Path) -> None:
    document = json.loads(OLD.read_text())
    del document["target"]["list_head"]
    status, _, errors = regcb("diff", saved(tmp_path, document), OLD)
    assert (status, errors.count("\n")) == (2, 1)
    assert "damaged: target.list_head is no hexadecimal number" in errors
