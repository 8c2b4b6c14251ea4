"""The list of a callback's fields, and the schema that is written from it.

``python -m tests.unit.documents.test_callback_fields`` writes it anew.
"""

from __future__ import annotations

import json
from typing import Any

from pykd_ext.documents.callback_fields import CALLBACK_FIELDS
from pykd_ext.documents.field import schema_of
from tests.support.schemas import FOLDER

SCHEMA = FOLDER / "regcb.callbacks-1.json"


def written() -> dict[str, Any]:
    """The schema, with the fields as they are declared."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    schema["$defs"]["callback_fields"] = schema_of(CALLBACK_FIELDS)
    return schema


def test_the_schema_has_the_fields_as_they_are_declared() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == written()


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(written(), indent=2) + "\n", "utf-8")
