"""Names as a linker writes them, and as a debugger shows them.

x86 decoration: Microsoft, "Decorated names"; what dbghelp makes of them was seen in the engine
(tests/engine compares).
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["decorations", "undecorated"]

_MOST_ARGUMENTS = 16  # of an x86 stdcall or fastcall function


def decorations(name: str) -> Iterator[str]:
    """``name`` and what an x86 linker may have made of it: _name, _name@12, @name@8."""
    yield name
    yield f"_{name}"
    for count in range(_MOST_ARGUMENTS + 1):
        yield f"_{name}@{4 * count}"
        yield f"@{name}@{4 * count}"


def undecorated(name: str) -> str:
    """The plain name of a decorated one; ``?Callback@Filter@@QEAAJXZ`` is ``Filter::Callback``."""
    if name.startswith("?"):
        return _cpp_name(name)
    if name.startswith("@") and _is_stack_size(name):
        return name[1:].rpartition("@")[0]
    if name.startswith("_") and _is_stack_size(name):
        return name[1:].rpartition("@")[0]
    return name


def _is_stack_size(name: str) -> bool:
    stem, at, size = name[1:].rpartition("@")
    return bool(stem and at) and size.isdecimal()


def _cpp_name(name: str) -> str:
    """Plain functions and members in plain scopes; templates and operators stay as they are."""
    scopes = name[1:].partition("@@")[0]
    if not scopes or "?" in scopes or "$" in scopes:
        return name
    return "::".join(reversed(scopes.split("@")))
