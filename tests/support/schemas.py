"""Holds documents to the schemas in the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

_FOLDER = Path(__file__).parents[2] / "pykd_ext" / "present" / "schemas"
_SCHEMAS = {
    schema["properties"]["schema"]["const"]: schema
    for schema in (json.loads(path.read_text("utf-8")) for path in _FOLDER.glob("*.json"))
}
_REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in _SCHEMAS.values()
)


def validate(document: dict[str, Any]) -> None:
    """Raises ValidationError unless the document is what its ``schema`` says."""
    Draft202012Validator(_SCHEMAS[document["schema"]], registry=_REGISTRY).validate(document)
