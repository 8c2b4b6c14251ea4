"""``file.ptr``: what a store has in place of a file that lies elsewhere.

Microsoft, "Symbol Storage Format" and "SymStore Command-Line Options" (``/p``): the file's path,
bare or after ``PATH:``; ``MSG:`` has words for the user in its place.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from .errors import SymbolFileError

__all__ = ["LONGEST", "POINTER", "Pointer", "pointed", "read_pointer"]

POINTER = "file.ptr"
LONGEST = 4096  # bytes; no path is longer
_SHOWN = 300  # characters of a message


class Pointer(NamedTuple):
    """One of the two is not empty."""

    path: str = ""
    message: str = ""


def read_pointer(path: str) -> Pointer:
    """What the ``file.ptr`` at ``path`` says. Raises SymbolFileError for one that says nothing, or
    too much."""
    try:
        with open(path, "rb") as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        raise SymbolFileError(f"{path}: {error.strerror}") from None
    text = raw.decode("utf-8", "backslashreplace").strip()
    if not text or len(raw) > LONGEST:
        raise SymbolFileError(f"{path} is no pointer to a file: it has {len(raw)} bytes")
    kind, _, rest = text.partition(":")
    if kind.upper() == "MSG":
        return Pointer(message=repr(rest.strip()[:_SHOWN]))
    return Pointer(rest.strip() if kind.upper() == "PATH" else text)


def pointed(path: str, names: tuple[str, ...]) -> str:
    """The file that the ``file.ptr`` at ``path`` leads to: one of ``names``, by its full path.

    Raises SymbolFileError for any other. One step is gone and no more, so that nothing goes round,
    and no other file of this machine is opened, of which a message would show the beginning.
    """
    pointer = read_pointer(path)
    if pointer.message:
        raise SymbolFileError(f"{path} says: {pointer.message}")
    target = pointer.path
    leaf = target.replace("\\", "/").rpartition("/")[2]
    if leaf.lower() not in {name.lower() for name in names}:
        raise SymbolFileError(f"{path} leads to {target!r}, which is no {names[0]}")
    if "\0" in target or not os.path.isabs(target) or not os.path.isfile(target):
        raise SymbolFileError(f"{path} leads to {target!r}, where no file is that can be read here")
    return target
