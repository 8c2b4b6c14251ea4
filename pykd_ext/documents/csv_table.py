"""Records as CSV, for a spreadsheet: the fields of their JSON, a row each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from ..kernel.listing import Listing
from .callback_fields import CALLBACK_FIELDS
from .field import Field, document_of
from .text import printable

__all__ = ["callbacks_csv", "csv_header", "csv_row"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def callbacks_csv(listing: Listing) -> str:
    """With a header, without a last line end; the others are for the stream to translate: on
    Windows it makes them the CRLF of RFC 4180, and CRLF into an empty line."""
    rows = (csv_row(CALLBACK_FIELDS, entry) for entry in listing.entries)
    return "\n".join([csv_header(CALLBACK_FIELDS), *rows])


def csv_header(fields: Sequence[Field]) -> str:
    """The names of the fields. Fields may be added anywhere: a reader goes by the name."""
    return _line(each.name for each in fields)


def csv_row(fields: Sequence[Field], record: Any) -> str:
    """One record, in which nothing can become a formula and nothing ends the line."""
    return _line(map(_cell, document_of(fields, record).values()))


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """A target's string must not become a formula in the reader's spreadsheet."""
    if isinstance(value, list):
        value = "; ".join(value)
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
