"""Where text goes: a terminal, a pipe, or WinDbg's command window with DML.

DML: "Customizing Debugger Output Using DML" (debugger documentation). The text to print may hold
links (:func:`pykd_ext.present.text.link`); everything else in it is shown as it stands.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO

from .text import LINK_END, LINK_MIDDLE, LINK_START, OWN_COMMAND

__all__ = ["Output", "to_dml", "to_plain"]

_DML_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


class Output:
    """One stream. pykd gives ``sys.stdout`` a ``writedml`` inside WinDbg, and only there.

    ``own_command`` is how the user started regcb in WinDbg, and how its own links start it again.
    """

    def __init__(self, stream: TextIO, own_command: str = OWN_COMMAND) -> None:
        self._stream = stream
        self._own_command = own_command
        self._write_dml: Any = getattr(stream, "writedml", None)
        self.is_debugger = self._write_dml is not None

    def write(self, text: str) -> None:
        """Prints ``text`` and a line feed."""
        if self._write_dml is not None:
            self._write_dml(to_dml(text, self._own_command) + "\n")
            return
        plain = to_plain(text) + "\n"
        try:
            self._stream.write(plain)
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            self._stream.write(plain.encode(encoding, "backslashreplace").decode(encoding))

    def error(self, text: str) -> None:
        """Prints one line for the user to act on: in WinDbg's window, else on standard error."""
        if self.is_debugger:
            self.write(text)
        else:
            Output(sys.stderr).write(text)


def to_plain(text: str) -> str:
    """``text`` without its links."""
    return "".join(shown for _, shown in _segments(text))


def to_dml(text: str, own_command: str = OWN_COMMAND) -> str:
    """``text`` as DML: links as tags, all else escaped."""
    parts = []
    for command, shown in _segments(text):
        if command.startswith(OWN_COMMAND):
            command = own_command + command[len(OWN_COMMAND) :]  # noqa: PLW2901
        visible = _escape(shown)
        parts.append(f'<link cmd="{_escape(command)}">{visible}</link>' if command else visible)
    return "".join(parts)


def _segments(text: str) -> list[tuple[str, str]]:
    """As (command, shown text); the command is empty outside links."""
    segments = []
    while LINK_START in text:
        before, _, rest = text.partition(LINK_START)
        command, _, rest = rest.partition(LINK_MIDDLE)
        shown, _, text = rest.partition(LINK_END)
        segments += [("", before), (command, shown)]
    return [*segments, ("", text)]


def _escape(text: str) -> str:
    return "".join(_DML_ESCAPES.get(char, char) for char in text)
