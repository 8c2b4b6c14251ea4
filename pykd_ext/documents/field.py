"""A field of a record, declared once: JSON, schema, CSV, table and comparison are made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Column", "Field", "FieldType", "document_of", "schema_of"]

FIRST = "1.0"  # of every schema


def _itself(value: Any) -> Any:
    return value


# Plain classes, which every start pays for: a NamedTuple takes the interpreter ten times as long.


class FieldType:
    """What a field's value is: ``schema`` in JSON Schema, ``name`` in words.

    ``fits`` is whether a JSON value is of this type. ``text`` makes what a table shows of what the
    record holds, given the target's architecture too; ``plain`` makes JSON of it. ``identity``
    makes equal what ``diff`` takes for the same.
    """

    def __init__(
        self,
        name: str,
        schema: dict[str, Any],
        fits: Callable[[Any], bool],
        text: Callable[[Any, str], str],
        plain: Callable[[Any], Any] = _itself,
        identity: Callable[[Any], Any] = _itself,
    ) -> None:
        self.name, self.schema, self.fits, self.text = name, schema, fits, text
        self.plain, self.identity = plain, identity


class Column:
    """How a table shows a field. ``width`` is its limit in the narrow table, which has no column
    without one; one that ``takes_rest`` has besides what the others leave of the table's width.

    ``text`` renders the record itself where the type's own text does not say enough (given the
    target's architecture too); ``command`` is what a click runs, the debugger's or ``regcb ...``.
    """

    def __init__(
        self,
        title: str,
        width: int | None = None,
        text: Callable[[Any, str], str] | None = None,
        command: Callable[[Any], str | None] = lambda _: None,
        takes_rest: bool = False,
    ) -> None:
        self.title, self.width, self.text = title, width, text
        self.command, self.takes_rest = command, takes_rest


class Field:
    """``value`` takes it from the record. ``since`` is the version of the schema that first had it:
    documents of older ones lack it. ``compared``: it differs only where something has happened."""

    def __init__(
        self,
        name: str,
        type_: FieldType,
        value: Callable[[Any], Any],
        since: str = FIRST,
        compared: bool = False,
        column: Column | None = None,
    ) -> None:
        self.name, self.type, self.value = name, type_, value
        self.since, self.compared, self.column = since, compared, column

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
