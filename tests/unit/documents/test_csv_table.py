"""CSV of a hostile target: nothing in it is a formula, and every record is one row."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.documents.callback_fields import CALLBACK_FIELDS
from pykd_ext.documents.csv_table import csv_header, csv_row
from pykd_ext.documents.field import Field
from pykd_ext.documents.field_types import NOTES, TEXT
from tests.support.regcb import MakeDump, Regcb

FIELDS = (
    Field("text", TEXT, lambda record: record[0]),
    Field("notes", NOTES, lambda record: record[1]),
)


def cells(row: str) -> list[str]:
    (parsed,) = csv.reader([row])
    return parsed


@given(st.text(), st.lists(st.text()))
def test_any_text_is_a_harmless_cell(text: str, notes: list[str]) -> None:
    row = csv_row(FIELDS, (text, notes))
    assert row.isprintable()
    for cell in cells(row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_text(text: str) -> None:
    shown, notes = cells(csv_row(FIELDS, (text, [text])))
    assert shown == notes
    assert shown[0] in "'\\"


def test_the_header_names_every_field() -> None:
    assert csv_header(CALLBACK_FIELDS).split(",") == [each.name for each in CALLBACK_FIELDS]


def test_a_hostile_altitude(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(damage=("altitude-control@1", "altitude-html@2"))
    _, output, _ = regcb("-z", truth.path, "-y", truth.symbols, "list", "--csv")
    rows = list(csv.reader(output.splitlines()))
    assert len(rows) == 1 + truth.count
    assert all(cell.isprintable() for row in rows for cell in row)
