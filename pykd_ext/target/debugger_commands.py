"""Commands of the debugger about what a document names: what a click runs, what to type next.

Numbers are written by us; of the target's own strings none becomes a command but names that are
made of letters, digits and a few marks, since a semicolon or a quote would make two of one.
"""

from __future__ import annotations

import re

from .architecture import ARCHITECTURES

__all__ = [
    "argument_expression",
    "breakpoint_command",
    "driver_command",
    "module_command",
    "pointers_command",
    "unassemble_command",
]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def argument_expression(architecture: str, index: int) -> str:
    """The argument ``index``, from 0, of a function at whose first instruction the target is."""
    about = ARCHITECTURES[architecture]
    if about.arguments:
        return f"@{about.arguments[index]}"
    offset = (1 + index) * about.pointer_size  # behind the return address
    return f"poi(@{about.stack_pointer}+{offset if offset < 10 else hex(offset)})"


def unassemble_command(address: int | None) -> str | None:
    """The code there; None for NULL and what could not be read."""
    return f"u {address:#x}" if address else None


def pointers_command(address: int | None) -> str | None:
    """What lies there, pointer by pointer, with symbols; None for NULL."""
    return f"dps {address:#x}" if address else None


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
    second = argument_expression(architecture, 1)
    return f'bp {function:#x} ".if ({second} != {second_argument:#x}) {{gc}}"'
