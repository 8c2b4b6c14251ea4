"""Commands of the debugger about what a document names: what a click runs, what to type next.

Numbers are written by us; of the target's own strings none becomes a command but names that are
made of letters, digits and a few marks, since a semicolon or a quote would make two of one.
"""

from __future__ import annotations

import re

__all__ = [
    "breakpoint_command",
    "driver_command",
    "module_command",
    "pointers_command",
    "unassemble_command",
]

# The second argument of a function, at its first instruction.
_SECOND_ARGUMENT = {"x64": "@rdx", "x86": "poi(@esp+8)", "arm64": "@x1"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def unassemble_command(address: int | None) -> str | None:
    """The code there; None for NULL and what could not be read."""
    return f"u {address:#x}" if address else None


def pointers_command(address: int | None, count: int | None = None) -> str | None:
    """What lies there, pointer by pointer, with symbols; None for NULL."""
    if not address:
        return None
    return f"dps {address:#x}{'' if count is None else f' L{count}'}"


def module_command(name: str | None) -> str | None:
    """Everything about the loaded module ``name``; None where that is no name of one."""
    return f"lmvm {name}" if name and _NAME.fullmatch(name) else None


def driver_command(name: str | None) -> str | None:
    """The driver object, which usually has the module's name."""
    return f"!drvobj {name} 7" if name and _NAME.fullmatch(name) else None


def breakpoint_command(function: int, architecture: str, second_argument: int | None = None) -> str:
    """Stops in the function ``function``; where ``second_argument`` is one, for it alone: what is
    newer, ``bp /w``, would be shorter."""
    if second_argument is None:
        return f"bp {function:#x}"
    return (
        f'bp {function:#x} ".if ({_SECOND_ARGUMENT[architecture]} != {second_argument:#x}) {{gc}}"'
    )
