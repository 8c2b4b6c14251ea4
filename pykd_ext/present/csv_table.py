"""The callbacks as CSV, for a spreadsheet: the fields of the JSON, a row a callback."""

from __future__ import annotations

import csv
import io
from typing import Any

from ..kernel.listing import Listing
from .document import entry_document
from .text import printable

__all__ = ["callbacks_csv", "safe_cell"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def callbacks_csv(listing: Listing) -> str:
    """With a header row, without a last line end; the others are for the stream to translate:
    on Windows it makes them the CRLF of RFC 4180, and CRLF into an empty line."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    rows = [entry_document(entry) for entry in listing.entries]
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([safe_cell(row[column]) for column in COLUMNS])
    return buffer.getvalue().rstrip("\n")


COLUMNS = (
    "index", "altitude", "function", "function_symbol", "owner", "owner_path", "owner_base",
    "owner_state", "context", "cookie", "registration", "active_uses", "unregistering", "internal",
    "object_contexts", "found_by", "address", "problems",
)  # fmt: skip


def safe_cell(value: Any) -> Any:
    """A target's string must not become a formula in the reader's spreadsheet."""
    if isinstance(value, list):
        value = "; ".join(value)
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
