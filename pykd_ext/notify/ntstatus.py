"""NTSTATUS names, all that Windows documents, from a table that a library keeps (ntstatus.csv)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..packaged import packaged_text

__all__ = ["TABLE", "status_name", "status_text", "status_value"]

TABLE = Path(__file__).with_name("ntstatus.csv")


def status_name(status: int) -> str | None:
    """``STATUS_ACCESS_DENIED`` for 0xc0000022, signed or not; None for a status without a name."""
    return _names().get(status & 0xFFFF_FFFF)


def status_value(name: str) -> int | None:
    """The status called ``name``, in any case, with or without ``STATUS_``; unsigned, or None."""
    word = name.strip().upper()
    return _values().get(word, _values().get(f"STATUS_{word}"))


def status_text(status: int) -> str:
    """Its name, or 0xc0000abc where it has none.

    >>> pykd_ext.status_text(0xC0000022), pykd_ext.status_text(0xC0000ABC)
    ('STATUS_ACCESS_DENIED', '0xc0000abc')
    """
    return status_name(status) or f"{status & 0xFFFF_FFFF:#010x}"


@cache
def _names() -> dict[int, str]:
    lines = packaged_text(__name__, TABLE.name).splitlines()
    rows = (line.split(",") for line in lines if line[:1] != "#" and line != "value,name")
    return {int(value, 16): name for value, name in rows}


@cache
def _values() -> dict[str, int]:
    return {name: value for value, name in _names().items()}
