"""A field of a record, declared once: JSON, schema, CSV, table and comparison are made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .text import address_text, hexadecimal, printable

__all__ = [
    "ADDRESS", "ADDRESS_64", "COUNT", "FILE_NAME", "FLAG", "INDEX", "NOTES", "ORDINAL",
    "SURE_ADDRESS", "TEXT", "Column", "Field", "FieldType", "document_of", "schema_of", "words",
]  # fmt: skip

FIRST = "1.0"  # of every schema


class FieldType(NamedTuple):
    """What a field's value is: ``schema`` in JSON Schema, ``name`` in words.

    ``plain`` makes JSON of what the record holds, ``text`` what a table shows of it, given the
    target's architecture too. ``fits`` is whether a JSON value is of this type. ``identity`` makes
    equal what ``diff`` takes for the same.
    """

    name: str
    schema: dict[str, Any]
    fits: Callable[[Any], bool]
    text: Callable[[Any, str], str]
    plain: Callable[[Any], Any] = lambda value: value
    identity: Callable[[Any], Any] = lambda value: value


class Column(NamedTuple):
    """How a table shows a field. ``width`` is its limit in the narrow table, which has no column
    without one, and where ``shorten`` is tried before the text is cut.

    ``text`` renders the record itself where the type's own text does not say enough (given the
    target's architecture too); ``command`` is what a click runs, the debugger's or ``regcb ...``.
    """

    title: str
    width: int | None = None
    text: Callable[[Any, str], str] | None = None
    command: Callable[[Any], str | None] = lambda _: None
    shorten: Callable[[str], str] = lambda text: text


class Field(NamedTuple):
    """``value`` takes it from the record. ``since`` is the version of the schema that first had it:
    documents of older ones lack it. ``compared``: it differs only where something has happened."""

    name: str
    type: FieldType
    value: Callable[[Any], Any]
    since: str = FIRST
    compared: bool = False
    column: Column | None = None

    def shown(self, record: Any, architecture: str) -> str:
        """The text of a table's cell."""
        if self.column and self.column.text:
            return self.column.text(record, architecture)
        return self.type.text(self.value(record), architecture)


def document_of(fields: Sequence[Field], record: Any) -> dict[str, Any]:
    """``record`` as plain JSON."""
    return {each.name: each.type.plain(each.value(record)) for each in fields}


def schema_of(fields: Sequence[Field]) -> dict[str, Any]:
    """The JSON Schema of that, to which fields may be added: only those of the first version are
    required."""
    return {
        "type": "object",
        "required": [each.name for each in fields if each.since == FIRST],
        "properties": {each.name: _property(each) for each in fields},
    }


def _property(field: Field) -> dict[str, Any]:
    since = {} if field.since == FIRST else {"$comment": f"since {field.since}"}
    return {**field.type.schema, **since}


def _shared(name: str) -> dict[str, Any]:
    """A type that all schemas share."""
    return {"$ref": f"urn:regcb:callbacks:1#/$defs/{name}"}


def _is_hexadecimal(value: Any) -> bool:
    try:
        return isinstance(value, str) and int(value, 16) >= 0
    except ValueError:
        return False


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _number_text(value: int | None, _: str) -> str:
    return "?" if value is None else str(value)


def _text(value: str | None, _: str) -> str:
    return printable(value)


def _file_identity(name: str | None) -> str | None:
    """Names of files have no case."""
    return name.lower() if name else name


SURE_ADDRESS = FieldType(
    "hexadecimal number", _shared("hex"), _is_hexadecimal, address_text, hexadecimal
)
ADDRESS = SURE_ADDRESS._replace(schema=_shared("hex_or_null"), fits=_or_null(_is_hexadecimal))
ADDRESS_64 = ADDRESS._replace(text=lambda value, _: address_text(value, "x64"))
TEXT = FieldType("text", _shared("text_or_null"), _or_null(_is_text), _text)
FILE_NAME = TEXT._replace(identity=_file_identity)
COUNT = FieldType("number", _shared("count_or_null"), _or_null(_is_count), _number_text)
ORDINAL = COUNT._replace(schema={"type": ["integer", "null"], "minimum": 1})  # from 1
INDEX = COUNT._replace(schema={"type": "integer", "minimum": 0}, fits=_is_count)  # from 0
FLAG = FieldType(
    "true or false",
    {"type": "boolean"},
    lambda value: isinstance(value, bool),
    lambda value, _: "yes" if value else "no",
)
NOTES = FieldType(
    "list of texts",
    {"type": "array", "items": {"type": "string"}},
    lambda value: isinstance(value, list) and all(map(_is_text, value)),
    lambda value, _: "; ".join(map(printable, value)),
    plain=list,
)


def words(*known: str | None) -> FieldType:
    """One of ``known``, to which words may be added as fields may."""
    types = ["string", "null"] if None in known else "string"
    return TEXT._replace(schema={"type": types, "examples": list(known)})
