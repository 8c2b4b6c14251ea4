"""A file that grows by whole lines."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from ..target.errors import RegcbError

__all__ = ["LineFile", "LineFileError"]


class LineFileError(RegcbError):
    """The file cannot be made, or takes no more: a full disk; ``str()`` says which and why."""


class LineFile:
    """Each line is one write, on its way before the next is made; what a full disk takes of one is
    cut off again. Closed when the block is left."""

    def __init__(self, path: str | Path, append: bool = False) -> None:
        """With ``append`` behind what the file holds, in a line of its own. Raises
        LineFileError."""
        self._path = path
        try:
            # A terminal, a pipe or a device cannot be read, and nothing is cut off there.
            is_file = not os.path.exists(path) or stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH110, PTH116
            mode = ("ab+" if append else "wb") if is_file else "wb"
            self._file = Path(path).open(mode, buffering=0)  # noqa: SIM115
            self._end = self._file.seek(0, os.SEEK_END) if is_file else None
        except OSError as error:
            raise self._error(error) from None
        if append and self._is_cut_off():
            self.write("")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it; so of what is no file."""
        return not self._end

    def __enter__(self) -> LineFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: str) -> None:
        """``line`` and a line feed; raises LineFileError, and the file is as it was then."""
        raw = f"{line}\n".encode()
        try:
            done = 0
            while done < len(raw):
                done += self._file.write(raw[done:]) or 0
        except OSError as error:
            if self._end is not None:
                with suppress(OSError):
                    self._file.truncate(self._end)
            raise self._error(error) from None
        if self._end is not None:
            self._end += len(raw)

    def _is_cut_off(self) -> bool:
        """Whether who wrote it before was ended in a line."""
        if not self._end:
            return False
        self._file.seek(-1, os.SEEK_END)
        return bool(self._file.read(1) != b"\n")

    def _error(self, error: OSError) -> LineFileError:
        return LineFileError(f"{self._path}: cannot be written: {error.strerror or error}")
