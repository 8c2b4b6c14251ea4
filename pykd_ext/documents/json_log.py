"""A file with a JSON document a line, each on the disk before the next is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..target.errors import RegcbError
from .json_text import json_line

__all__ = ["JsonLog", "LogError"]


class LogError(RegcbError):
    """A line cannot be written: the disk is full, or the file cannot be made."""


class JsonLog:
    """Opened anew, closed when the block is left. A ``path`` that is None keeps nothing."""

    def __init__(self, path: str | None) -> None:
        """Raises LogError."""
        self._path = path
        try:
            self._stream = Path(path).open("w", encoding="ascii") if path else None  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from None

    def __enter__(self) -> JsonLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError as error:
                raise self._error(error) from None

    def write(self, document: Mapping[str, object]) -> None:
        """One line; raises LogError, after which the file holds whole lines and perhaps a part."""
        if self._stream is None:
            return
        try:
            self._stream.write(json_line(document) + "\n")
            self._stream.flush()
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError) -> LogError:
        return LogError(f"{self._path} cannot be written: {error.strerror}")
