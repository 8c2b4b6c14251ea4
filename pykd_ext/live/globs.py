"""Key paths and names as a person writes them, with wildcards, in any case."""

from __future__ import annotations

import re

__all__ = ["KeyGlob", "name_pattern", "process_pattern"]

# The roots that a person writes: "Registry Key Object Routines" (Microsoft) has the kernel's names.
_ROOTS = {
    "HKLM": "\\REGISTRY\\MACHINE",
    "HKEY_LOCAL_MACHINE": "\\REGISTRY\\MACHINE",
    "HKU": "\\REGISTRY\\USER",
    "HKEY_USERS": "\\REGISTRY\\USER",
}

_IMAGE_NAME_SIZE = 15  # UCHAR ImageFileName[15], with a terminating zero or without


class KeyGlob:
    """Full key paths: ``*`` and ``?`` stay within one name, ``**`` crosses backslashes.

    ``HKLM\\SOFTWARE`` is ``\\REGISTRY\\MACHINE\\SOFTWARE``. With ``subkeys`` every key below one
    that fits does too.
    """

    def __init__(self, text: str, subkeys: bool = False) -> None:
        """Raises ValueError for a path that is not absolute: it would fit no key."""
        root, backslash, rest = text.rstrip("\\").partition("\\")
        if root.upper() not in _ROOTS and (root or not _may_be_registry(rest)):
            raise ValueError(
                f"{text!r} is no full key path: start it with \\REGISTRY\\, HKLM\\ or HKU\\"
            )
        root = _ROOTS.get(root.upper(), "")
        self.text = root + backslash + rest
        ending = r"(\\.*)?" if subkeys else ""
        self._pattern = re.compile(_expression(self.text) + ending, re.IGNORECASE | re.DOTALL)

    def matches(self, path: str) -> bool:
        """Whether the full path is one of those meant."""
        return self._pattern.fullmatch(path) is not None


def _may_be_registry(path: str) -> bool:
    """Whether the first name of ``path`` fits the one that every full path begins with."""
    first = path.partition("\\")[0]
    return re.fullmatch(_expression(first), "REGISTRY", re.IGNORECASE) is not None


def name_pattern(text: str) -> re.Pattern[str]:
    """For names of values: ``*`` is any text, ``?`` one character."""
    return re.compile("".join(_pieces(text)), re.IGNORECASE | re.DOTALL)


def process_pattern(text: str) -> re.Pattern[str]:
    """The same for names of processes, of which the kernel keeps the beginning: what fills
    EPROCESS.ImageFileName fits too where a name that is meant begins so."""
    pieces = _pieces(re.sub(r"\*+", "*", text))
    beginning = ""
    for piece in reversed(pieces[: 2 * _IMAGE_NAME_SIZE]):
        beginning = f"(?:{piece}{beginning})?"
    full = f"(?=.{{{_IMAGE_NAME_SIZE - 1},}}){beginning}"
    return re.compile(f"{''.join(pieces)}|{full}", re.IGNORECASE | re.DOTALL)


def _pieces(text: str) -> list[str]:
    parts = {"*": ".*", "?": "."}
    return [parts.get(char, re.escape(char)) for char in text]


def _expression(path: str) -> str:
    parts = {"**": ".*", "*": r"[^\\]*", "?": r"[^\\]"}
    pieces = re.findall(r"\*\*|.", path, re.DOTALL)
    return "".join(parts.get(piece, re.escape(piece)) for piece in pieces)
