"""Files that hold something else, which no output of ours takes the place of: ``-o`` and a name too
few must not cost a dump."""

from __future__ import annotations

from pathlib import Path

from .target.errors import RegcbError

__all__ = ["ForeignFile", "refuse_foreign_file"]


class ForeignFile(RegcbError):
    """An output's file holds something else; ``str()`` says which."""


def refuse_foreign_file(path: Path, beginning: str, asked: str = "file") -> None:
    """Of a file that is to be written over, or to be gone on in: raises ForeignFile where it holds
    what does not begin as our outputs of that kind do. An empty file is as good as none, one that
    ends in its ``beginning`` was cut off, a pipe or a device holds nothing. ``asked`` is what the
    user gave a name of."""
    wanted = beginning.encode()
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            held = file.read(len(wanted))
    except OSError as error:
        raise ForeignFile(f"{path}: cannot be read: {error.strerror or error}") from None
    if held != wanted[: len(held)]:
        left = "holds something else, and is left as it is"
        raise ForeignFile(f"{path}: {left}: name another {asked}")
