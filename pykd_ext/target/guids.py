"""GUIDs as debuggers write them."""

from __future__ import annotations

__all__ = ["guid_text"]


def guid_text(raw: bytes) -> str:
    """The 16 bytes of a GUID structure as ``3844DBB9-2017-4967-BE7A-A4A2C20430FA``."""
    # guiddef.h: a ULONG, two USHORTs and eight bytes; uuid would cost 3 ms of every start.
    parts = (raw[3::-1], raw[5:3:-1], raw[7:5:-1], raw[8:10], raw[10:16])
    return "-".join(part.hex().upper() for part in parts)
