"""Names as a linker writes them, and as pykd shows them.

Microsoft, "Decorated names"; what pykd makes of each, through msdia140, was tried in the engine.
WinDbg's own commands differ from it in x64 names alone: they take one underscore off there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import digits

__all__ = ["decorations", "undecorated"]

_MOST_ARGUMENTS = 16  # of an x86 stdcall or fastcall function
_MOST_BACK_REFERENCES = 10  # by one digit
_SPECIAL = {"?0": "{name}::{name}", "?1": "{name}::~{name}"}  # constructor, destructor
_ANONYMOUS = "`anonymous namespace'"


def decorations(name: str, x86: bool) -> Iterator[str]:
    """The spellings under which the linker may have put the C symbol ``name``, likeliest first."""
    if not x86:
        yield name
    yield f"_{name}"
    if x86:
        for size in range(0, 4 * _MOST_ARGUMENTS + 1, 4):
            yield f"_{name}@{size}"
            yield f"@{name}@{size}"
        yield name


def undecorated(name: str, x86: bool) -> str:
    """A public's name as pykd shows it: on x86 ``_Callback@12`` is ``Callback``.

    ``?Callback@Filter@@QEAAJXZ`` is ``Filter::Callback`` everywhere; C++ templates and operators
    stay as they are.
    """
    if name.startswith("?"):
        return _cpp_name(name)
    if not x86 or name[:1] not in ("_", "@"):
        return name
    stem, *sizes = name[1:].split("@")
    plain = not sizes or (len(sizes) == 1 and sizes[0].isdecimal())
    return stem if stem and plain else name


def _cpp_name(name: str) -> str:
    """Members and plain functions in plain scopes."""
    text = name[1:]
    pattern = _SPECIAL.get(text[:2])
    scopes = _scopes(text[2:] if pattern else text)
    if not scopes:
        return name
    if pattern:
        scopes[0] = pattern.format(name=scopes[0])
    return "::".join(reversed(scopes))


def _scopes(text: str) -> list[str]:
    """The names up to the empty one, innermost first; none for what is more than names."""
    scopes: list[str] = []
    seen: list[str] = []
    at = 0
    while text[at : at + 1] not in ("", "@"):
        if text[at] in digits:
            if int(text[at]) >= len(seen):
                return []
            scopes.append(seen[int(text[at])])
            at += 1
            continue
        scope, _, _ = text[at:].partition("@")
        at += len(scope) + 1
        if scope.startswith("?A"):
            scope = _ANONYMOUS
        elif "?" in scope or "$" in scope:
            return []
        scopes.append(scope)
        seen = [*seen, scope][:_MOST_BACK_REFERENCES]
    return scopes
