"""Key paths and names as a person writes them, with wildcards, in any case.

``*``, ``?`` and ``[`` themselves are written ``[*]``, ``[?]`` and ``[[]``, as Python's glob.escape
does; other brackets are brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from ..target.errors import BadArgument
from .key_paths import ANY_USER, is_any_control_set, kernel_form, kernel_patterns, names_of

__all__ = ["KeyGlob", "name_pattern", "process_pattern", "value_pattern"]

_IMAGE_NAME_SIZE = 15  # UCHAR ImageFileName[15], with a terminating zero or without

_PIECE = re.compile(rf"\[[*?[]\]|\*\*|{ANY_USER}|.", re.DOTALL)
_ANY, _ANY_IN_NAME, _SID = ".*", r"[^\\]*", "S-1-[0-9-]+"
_SEPARATOR, _ANY_NAMES = r"\\", r"(?:[^\\]*\\)*?"
_IN_PATHS = {"**": _ANY, "*": _ANY_IN_NAME, "?": r"[^\\]", ANY_USER: _SID}
_IN_NAMES = {"**": _ANY, "*": _ANY, "?": "."}
_numbers = count()  # of groups, whose names may meet in one expression
_BELOW_REGISTRY = {
    "MACHINE": "HKLM", "USER": "HKU", "A": "hives of applications", "WC": "hives of containers",
}  # fmt: skip
_LONGEST_NAME = 255  # "Registry Element Size Limits" (Microsoft)
_UNNAMED = ("@", "(default)")  # as .reg files and registry editors call that value


class KeyGlob:
    """Full key paths: ``*`` and ``?`` stay within one name, ``**`` crosses backslashes.

    ``HKLM\\SOFTWARE`` is ``\\REGISTRY\\MACHINE\\SOFTWARE``; see :mod:`.key_paths`. With ``subkeys``
    every key below one that fits does too. ``text`` is the pattern as the kernel has it,
    ``control_sets`` are those that it stands for, too, as nothing tells where CurrentControlSet
    leads.
    """

    def __init__(self, text: str, subkeys: bool = False) -> None:
        """Raises BadArgument for what can fit no key."""
        patterns = kernel_patterns(text)
        self.text = patterns[0]
        self.control_sets = tuple(filter(is_any_control_set, patterns[1:]))
        ending = r"(\\.*)?" if subkeys else ""
        self._names = [[_expression(name) for name in names_of(each)] for each in patterns]
        _refuse_impossible(text, names_of(patterns[0]))
        any_of = "|".join(map(_expression, patterns))
        self._pattern = re.compile(f"(?:{any_of}){ending}", re.DOTALL)

    def matches(self, path: str) -> bool:
        """Whether the full path, in any spelling that the kernel takes, is one of those meant."""
        return self._pattern.fullmatch(kernel_form(path)) is not None

    def agreement(self, path: str) -> int:
        """How many names from the root on are as meant."""
        names = names_of(kernel_form(path))
        return max(_agreeing(each, names) for each in self._names)


def _agreeing(expressions: list[str], names: list[str]) -> int:
    count = 0
    for expression, name in zip(expressions, names):
        if re.fullmatch(expression, name, re.DOTALL) is None:
            break
        count += 1
    return count


def _refuse_impossible(text: str, names: list[str]) -> None:
    """Raises BadArgument where no key has such a path."""
    if "**" not in names[0] and not _fits(names[0], "REGISTRY"):
        raise BadArgument(f"{text!r} is no full key path: start it with \\REGISTRY\\ or a root")
    second = "" if "**" in names[0] else "".join(names[1:2])
    if second and "**" not in second and not any(_fits(second, each) for each in _BELOW_REGISTRY):
        known = ", ".join(f"{name} ({what})" for name, what in _BELOW_REGISTRY.items())
        raise BadArgument(f"{text!r} can fit no key: below \\REGISTRY are {known}")
    if any(len(_PIECE.findall(name)) > _LONGEST_NAME for name in names if "*" not in name):
        raise BadArgument(f"{text!r} can fit no key: a name has at most {_LONGEST_NAME} characters")


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(_expression(pattern), name, re.DOTALL) is not None


def value_pattern(text: str) -> re.Pattern[str]:
    """For names of values, as :func:`name_pattern`; ``@`` and ``(default)`` are the unnamed one."""
    return name_pattern("" if text.lower() in _UNNAMED else text)


def name_pattern(text: str) -> re.Pattern[str]:
    """For names: ``*`` is any text, ``?`` one character."""
    return re.compile(_joined(_pieces(text)), re.IGNORECASE | re.DOTALL)


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
    return [_piece(each, _IN_NAMES) for each in _PIECE.findall(text)]


def _expression(path: str) -> str:
    return _joined([_piece(each, _IN_PATHS) for each in _PIECE.findall(kernel_form(path))])


def _joined(pieces: Sequence[str]) -> str:
    """One expression. Anybody can ask for a key whose name has 30,000 letters: what stands between
    two wildcards is found where it comes first, and nowhere else is tried, or every wildcard would
    be tried at every letter. What stands between two ``**`` is found so as a whole, once for each
    name: what follows its ``*`` may be in a later name than the first."""
    first, *others = _parted(pieces, _ANY)
    expression = _within_names(first, bool(others))
    for number, part in enumerate(others, 1):
        is_last = number == len(others)
        found = _anywhere(part, is_last)
        expression += found if is_last or _SID in part else _once(found)
    return expression


def _anywhere(pieces: Sequence[str], is_last: bool) -> str:
    """``**`` and what follows it, up to the next one."""
    start, *others = _parted(pieces, _ANY_IN_NAME)
    any_text = _ANY if is_last else f"{_ANY}?"
    if not others or _SEPARATOR in start or _SID in start:  # at one place of a name anyway
        return any_text + _within_names(pieces, not is_last)
    rest = pieces[len(start) :]
    return _ANY_NAMES + _once(f"{_ANY_IN_NAME}?{''.join(start)}") + _within_names(rest, not is_last)


def _within_names(pieces: Sequence[str], is_followed: bool) -> str:
    """No ``**`` is in ``pieces``; ``is_followed``: by one."""
    start, *others = _parted(pieces, _ANY_IN_NAME)
    expression = "".join(start)
    for number, part in enumerate(others, 1):
        text = "".join(part)
        if _SID in part or (number == len(others) and not is_followed):
            expression += _ANY_IN_NAME + text
        else:
            expression += _once(f"{_ANY_IN_NAME}?{text}")
    return expression


def _once(expression: str) -> str:
    """What fits first; no other place is tried. Python 3.11 has (?>...) for it."""
    name = f"g{next(_numbers)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"


def _parted(pieces: Sequence[str], wildcard: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for piece in pieces:
        if piece == wildcard:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def _piece(text: str, wildcards: dict[str, str]) -> str:
    is_escaped = len(text) == 3 and text[1] in "*?["
    return wildcards.get(text) or re.escape(text[1] if is_escaped else text)
