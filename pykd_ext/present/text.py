"""Pieces of a line: links that run a command in WinDbg, cells of a limited width."""

from __future__ import annotations

__all__ = ["cell", "link"]

# A link that ends up as DML in WinDbg and as plain text elsewhere travels as an OSC 8 hyperlink:
# tabulate knows that those take no room.
LINK_START, LINK_MIDDLE, LINK_END = "\x1b]8;;", "\x1b\\", "\x1b]8;;\x1b\\"


def cell(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, its middle replaced by ``~``."""
    if len(text) <= width:
        return text
    left = (width - 1) // 2
    return f"{text[:left]}~{text[len(text) - (width - 1 - left) :]}"


def link(text: str, command: str | None) -> str:
    """``text``, which in WinDbg runs ``command`` when clicked: one of the debugger's, or of regcb's
    (``regcb show 3``). None is none."""
    return text if command is None else f"{LINK_START}{command}{LINK_MIDDLE}{text}{LINK_END}"
