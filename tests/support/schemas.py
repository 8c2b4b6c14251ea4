"""Holds documents to the schemas in the package.

The schemas are open: a reader takes what it does not know. What regcb itself writes is held to
more, exactly the fields and words that a schema names, or nobody would see one come or go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[2] / "pykd_ext" / "documents" / "schemas"
SCHEMAS: dict[str, dict[str, Any]] = {
    schema["properties"]["schema"]["const"]: schema
    for schema in (json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json")))
}


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """``schema`` and every schema in it."""
    if isinstance(schema, dict):
        yield schema
    if isinstance(schema, (dict, list)):
        for each in schema.values() if isinstance(schema, dict) else schema:
            yield from _parts(each)


# What others extend, which only they can close.
_BASES = {
    base["$ref"].rpartition("/")[2]
    for schema in SCHEMAS.values()
    for part in _parts(schema)
    for base in part.get("allOf", ())
}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(schema))
    bases = [copy["$defs"][name] for name in _BASES & set(copy.get("$defs", ()))]
    for part in list(_parts(copy)):
        if isinstance(part.get("properties"), dict):
            part["required"] = list(part["properties"])
        is_object = isinstance(part.get("properties"), dict) or "allOf" in part
        if is_object and not any(part is each for each in bases):
            part["unevaluatedProperties"] = False
        if isinstance(part.get("examples"), list):
            part["enum"] = part["examples"]
    return copy


def _validators(schemas: dict[str, dict[str, Any]]) -> dict[str, Draft202012Validator]:
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    return {
        name: Draft202012Validator(schema, registry=registry) for name, schema in schemas.items()
    }


_OPEN = _validators(SCHEMAS)
_CLOSED = _validators({name: _closed(schema) for name, schema in SCHEMAS.items()})


def validate(document: Mapping[str, Any]) -> None:
    """Raises ValidationError unless ``document`` is what its schema says, no more and no less."""
    _CLOSED[document["schema"]].validate(document)


def validate_as_a_reader(document: Mapping[str, Any]) -> None:
    """The same by the schema as it is published."""
    _OPEN[document["schema"]].validate(document)
