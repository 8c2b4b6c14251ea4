"""Where text goes: a terminal, a pipe, or WinDbg's command window with DML.

DML: "Customizing Debugger Output Using DML" (debugger documentation). The text to print may hold
links (:func:`pykd_ext.present.text.link`); everything else in it is shown as it stands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from ..target.errors import RegcbError
from .text import LINK_END, LINK_MIDDLE, LINK_START

__all__ = ["Output", "OutputError", "columns_of", "to_dml", "to_plain"]

# dbgeng drops what is longer than 16,383 UTF-16 units (seen in 10.0.15063), and the bootstrapper
# gives it what it is given.
_LONGEST = 8_000  # characters

_NARROWEST = 40  # columns that text is still broken for

_SCRIPT = "!py regcb.py"  # starts regcb where its folder of scripts is in PATH
_DML_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


class OutputError(RegcbError):
    """The stream takes no more: a full disk; ``str()`` says why."""


class Output:
    """One stream, None for a closed one. pykd gives ``sys.stdout`` a ``writedml`` inside WinDbg,
    and only there.

    ``own_command`` is how regcb's own links start it again in WinDbg: as the user did.
    ``is_of_session`` is whether what is shown is of WinDbg's own target, and not of a dump beside
    it, about which the debugger's own commands would say something else.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.own_command = _SCRIPT
        self.is_of_session = True
        self._write_dml: Any = getattr(stream, "writedml", None)
        self.is_debugger = self._write_dml is not None

    def columns(self, most: int) -> int:
        """As :func:`columns_of` the stream."""
        return columns_of(self._stream, most)

    def write(self, text: str) -> None:
        """Prints ``text`` and a line feed, on their way when it comes back: who follows a live
        target through a pipe waits for them. Raises OutputError, BrokenPipeError."""
        if self._write_dml is not None:
            for part in _parts(to_dml(text, self.own_command, self.is_of_session) + "\n"):
                self._write_dml(part)
        elif self._stream is not None:
            with _told():
                _write(self._stream, to_plain(text) + "\n")
                self._stream.flush()

    def error(self, text: str) -> None:
        """Prints one line for the user to act on: in WinDbg's window, else on standard error, which
        is left where it takes none: the exit status says it too."""
        if self.is_debugger:
            self.write(text)
            return
        try:
            Output(sys.stderr).write(text)
        except (OutputError, BrokenPipeError):
            sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - or it is tried again at exit


def columns_of(stream: TextIO | None, most: int) -> int:
    """How many columns the terminal of ``stream`` has, ``most`` at the most; ``most`` where it is
    none. shutil's function for it loads three archivers."""
    try:
        if stream is None or not stream.isatty():
            return most
        said = os.environ.get("COLUMNS", "")
        known = said.isdecimal() and len(said) < 5
        columns = int(said) if known else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError, AttributeError):  # WinDbg's has no isatty
        return most
    return max(min(columns, most), _NARROWEST) if columns else most


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the output cannot be written: {error.strerror or error}") from None


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def to_plain(text: str) -> str:
    """``text`` without its links."""
    return "".join(shown for _, shown in _segments(text))


def to_dml(text: str, own_command: str = _SCRIPT, debuggers_own: bool = True) -> str:
    """``text`` as DML: links as tags, all else escaped. ``debuggers_own``: with links to the
    debugger's own commands."""
    parts = []
    for command, shown in _segments(text):
        started = _started(command, own_command, debuggers_own)
        visible = _escape(shown)
        parts.append(f'<link cmd="{_escape(started)}">{visible}</link>' if started else visible)
    return "".join(parts)


def _started(command: str, own_command: str, debuggers_own: bool) -> str:
    """``command`` as the debugger takes it, empty where it is not to run.

    None of ours has a semicolon, which would end it: what stood behind would run as well.
    """
    if not command.isascii() or not command.isprintable() or ";" in command:
        return ""
    program, gap, words = command.partition(" ")
    if program == "regcb":
        return own_command + gap + words
    return command if debuggers_own else ""


def _segments(text: str) -> list[tuple[str, str]]:
    """As (command, shown text); the command is empty outside links."""
    segments = []
    while LINK_START in text:
        before, _, rest = text.partition(LINK_START)
        command, _, rest = rest.partition(LINK_MIDDLE)
        shown, _, text = rest.partition(LINK_END)
        segments += [("", before), (command, shown)]
    return [*segments, ("", text)]


def _parts(dml: str) -> Iterator[str]:
    """``dml`` in pieces that the engine takes, cut behind a line where there is one."""
    start = 0
    while len(dml) - start > _LONGEST:
        end = dml.rfind("\n", start, start + _LONGEST) + 1
        end = end or _end_of_part(dml, start, start + _LONGEST)
        yield dml[start:end]
        start = end
    yield dml[start:]


def _end_of_part(dml: str, start: int, end: int) -> int:
    """``end``, or as far before it as takes no link and no escape apart."""
    link = dml.rfind("<link ", start, end)
    if link > start and dml.find("</link>", link, end) < 0:
        return link
    escape = dml.rfind("&", start, end)
    return escape if escape > start and dml.find(";", escape, end) < 0 else end


def _escape(text: str) -> str:
    return "".join(_DML_ESCAPES.get(char, char) for char in text)
