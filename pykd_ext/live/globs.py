"""Key paths and names as a person writes them, with wildcards, in any case."""

from __future__ import annotations

import re

__all__ = ["KeyGlob", "name_pattern"]

# The roots that a person writes: "Registry Key Object Routines" (Microsoft) has the kernel's names.
_ROOTS = {
    "HKLM": "\\REGISTRY\\MACHINE",
    "HKEY_LOCAL_MACHINE": "\\REGISTRY\\MACHINE",
    "HKU": "\\REGISTRY\\USER",
    "HKEY_USERS": "\\REGISTRY\\USER",
}


class KeyGlob:
    """Full key paths: ``*`` and ``?`` stay within one name, ``**`` crosses backslashes.

    ``HKLM\\SOFTWARE`` is ``\\REGISTRY\\MACHINE\\SOFTWARE``. With ``subkeys`` every key below one
    that fits does too.
    """

    def __init__(self, text: str, subkeys: bool = False) -> None:
        """Raises ValueError for a path that is not absolute: it would fit no key."""
        root, backslash, rest = text.rstrip("\\").partition("\\")
        if root:
            if root.upper() not in _ROOTS:
                raise ValueError(
                    f"{text!r} is no full key path: start it with \\REGISTRY\\, HKLM\\ or HKU\\"
                )
            root = _ROOTS[root.upper()]
        self.text = root + backslash + rest
        ending = r"(\\.*)?" if subkeys else ""
        self._pattern = re.compile(_expression(self.text) + ending, re.IGNORECASE | re.DOTALL)

    def matches(self, path: str) -> bool:
        """Whether the full path is one of those meant."""
        return self._pattern.fullmatch(path) is not None


def name_pattern(text: str) -> re.Pattern[str]:
    """For names of values and of processes: ``*`` is any text, ``?`` one character."""
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(char, re.escape(char)) for char in text)
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def _expression(path: str) -> str:
    parts = {"**": ".*", "*": r"[^\\]*", "?": r"[^\\]"}
    pieces = re.findall(r"\*\*|.", path, re.DOTALL)
    return "".join(parts.get(piece, re.escape(piece)) for piece in pieces)
