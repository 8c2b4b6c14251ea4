"""The types that fields have: what they are in JSON, in a table, and whether two are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .field import FieldType
from .text import address_text, hexadecimal, printable

__all__ = [
    "ADDRESS", "ADDRESS_64", "COUNT", "FILE_NAME", "FLAG", "INDEX", "NOTES", "ORDINAL",
    "SURE_ADDRESS", "SURE_TEXT", "TEXT", "words",
]  # fmt: skip


_HEX = re.compile("0x(0|[1-9a-f][0-9a-f]{0,15})")  # as the schemas have it


def _shared(name: str) -> dict[str, Any]:
    """A type that all schemas share."""
    return {"$ref": f"urn:regcb:callbacks:1#/$defs/{name}"}


def _is_hexadecimal(value: Any) -> bool:
    return isinstance(value, str) and bool(_HEX.fullmatch(value))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_notes(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _number_text(value: int | None, _: str) -> str:
    return "?" if value is None else str(value)


def _text(value: str | None, _: str) -> str:
    return printable(value)


def _file_identity(name: str | None) -> str | None:
    """Names of files have no case."""
    return name.lower() if name else name


def _yes_or_no(value: bool, _: str) -> str:
    return "yes" if value else "no"


def _notes_text(notes: Sequence[str], _: str) -> str:
    return "; ".join(map(printable, notes))


_HEXADECIMAL = "hexadecimal number"
_IS_ADDRESS, _IS_TEXT, _IS_COUNT = map(_or_null, (_is_hexadecimal, _is_text, _is_count))

SURE_ADDRESS = FieldType(_HEXADECIMAL, _shared("hex"), _is_hexadecimal, address_text, hexadecimal)
ADDRESS = FieldType(_HEXADECIMAL, _shared("hex_or_null"), _IS_ADDRESS, address_text, hexadecimal)
ADDRESS_64 = FieldType(  # shown with 64 bits on every target
    _HEXADECIMAL,
    _shared("hex_or_null"),
    _IS_ADDRESS,
    lambda value, _: address_text(value, "x64"),
    hexadecimal,
)
TEXT = FieldType("text", _shared("text_or_null"), _IS_TEXT, _text)
SURE_TEXT = FieldType("text", {"type": "string"}, _is_text, _text)
FILE_NAME = FieldType("text", _shared("text_or_null"), _IS_TEXT, _text, identity=_file_identity)
COUNT = FieldType("number", _shared("count_or_null"), _IS_COUNT, _number_text)
ORDINAL = FieldType(  # from 1
    "number", {"type": ["integer", "null"], "minimum": 1}, _IS_COUNT, _number_text
)
INDEX = FieldType("number", {"type": "integer", "minimum": 0}, _is_count, _number_text)  # from 0
FLAG = FieldType("true or false", {"type": "boolean"}, _is_flag, _yes_or_no)
NOTES = FieldType(
    "list of texts",
    {"type": "array", "items": {"type": "string"}},
    _is_notes,
    _notes_text,
    plain=list,
)


def words(*known: str | None) -> FieldType:
    """One of ``known``, to which words may be added as fields may."""
    types, fits = (["string", "null"], _IS_TEXT) if None in known else ("string", _is_text)
    return FieldType("text", {"type": types, "examples": list(known)}, fits, _text)
