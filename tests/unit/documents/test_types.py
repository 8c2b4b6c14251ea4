"""The types of documents say what their schemas say: the same fields, down to the last one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from pykd_ext.documents.altitudes import AltitudesDocument
from pykd_ext.documents.callback_fields import CALLBACK_FIELDS, CallbackDocument
from pykd_ext.documents.callbacks import CallbacksDocument
from pykd_ext.documents.classes import ClassesDocument
from pykd_ext.documents.details import DetailsDocument
from pykd_ext.documents.difference import DifferenceDocument
from pykd_ext.documents.findings import FindingsDocument
from pykd_ext.documents.key import KeyDocument
from pykd_ext.documents.notification import NotificationDocument
from pykd_ext.documents.operation import OperationDocument
from pykd_ext.documents.scan import ScanDocument
from pykd_ext.documents.thread import ThreadSceneDocument
from pykd_ext.documents.verification import VerificationDocument
from tests.support.schemas import SCHEMAS

TYPES: dict[str, Any] = {
    "regcb.altitudes/1": AltitudesDocument,
    "regcb.callback/1": DetailsDocument,
    "regcb.callbacks/1": CallbacksDocument,
    "regcb.classes/1": ClassesDocument,
    "regcb.difference/1": DifferenceDocument,
    "regcb.findings/1": FindingsDocument,
    "regcb.key/1": KeyDocument,
    "regcb.notification/1": NotificationDocument,
    "regcb.operation/1": OperationDocument,
    "regcb.scan/1": ScanDocument,
    "regcb.thread/1": ThreadSceneDocument,
    "regcb.verification/1": VerificationDocument,
}
BY_ID = {schema["$id"]: schema for schema in SCHEMAS.values()}


def test_every_schema_has_a_type() -> None:
    assert set(TYPES) == set(SCHEMAS)


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_the_fields_of_its_schema(name: str) -> None:
    seen = {each.__name__ for each in compared(TYPES[name], SCHEMAS[name], SCHEMAS[name])}
    assert TYPES[name].__name__ in seen


def test_the_type_of_a_callback_has_its_fields_in_their_order() -> None:
    assert list(CallbackDocument.__annotations__) == [each.name for each in CALLBACK_FIELDS]


def compared(
    type_: Any, schema: dict[str, Any], root: dict[str, Any], above: tuple[Any, ...] = ()
) -> Iterator[Any]:
    """Every type in ``type_``, when its fields were found to be those of the schema."""
    properties = dict(properties_of(schema, root))
    hints = get_type_hints(type_)
    assert set(hints) == set(properties), type_.__name__
    yield type_
    for name, hint in hints.items():
        inner = inner_type(hint)
        part, part_root = properties[name]
        is_nullable = type(None) in get_args(hint)
        assert is_nullable == allows_null(part, part_root), f"{type_.__name__}.{name}"
        if hasattr(inner, "__total__") and inner not in above:
            yield from compared(inner, *objects_of(part, part_root), (*above, type_))


def inner_type(hint: Any) -> Any:
    """X of Optional[X] and of list[X]."""
    if get_origin(hint) is Union:
        return inner_type(next(each for each in get_args(hint) if each is not type(None)))
    return inner_type(get_args(hint)[0]) if get_origin(hint) is list else hint


Part = tuple[dict[str, Any], dict[str, Any]]  # a schema, and the file that its # is in


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> Part:
    while "$ref" in schema:
        file, _, name = schema["$ref"].partition("#/$defs/")
        root = BY_ID[file] if file else root
        schema = root["$defs"][name]
    return schema, root


def properties_of(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[str, Part]]:
    schema, root = resolved(schema, root)
    for base in schema.get("allOf", ()):
        yield from properties_of(base, root)
    for name, part in schema.get("properties", {}).items():
        yield name, (part, root)


def allows_null(schema: dict[str, Any], root: dict[str, Any]) -> bool:
    schema, root = resolved(schema, root)
    if "oneOf" in schema:
        return any(allows_null(each, root) for each in schema["oneOf"])
    types = schema.get("type", ())
    return types == "null" or (isinstance(types, list) and "null" in types)


def objects_of(schema: dict[str, Any], root: dict[str, Any]) -> Part:
    """The object's schema in one that allows null too, or that is a list of them."""
    schema, root = resolved(schema, root)
    if "oneOf" in schema:
        (schema,) = (each for each in schema["oneOf"] if each.get("type") != "null")
        return objects_of(schema, root)
    return objects_of(schema["items"], root) if "items" in schema else (schema, root)
