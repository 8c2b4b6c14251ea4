"""How links start regcb again in the debugger: as the user did."""

from __future__ import annotations

import argparse
import sys

from ..target.locations import shown

__all__ = ["own_command", "word"]

_MODULE = "pykd_ext"  # where the script's or the module's name is not known
_PARTS = " \t;"  # what ends a word, or the command


def own_command(arguments: argparse.Namespace | None = None) -> str:
    """``!py -3.9 -m pykd_ext``, ``!py -3.9 "C:\\regcb\\scripts\\regcb.py"``, with the options in
    ``arguments`` that say which target, and how it is read.

    The bootstrapper gives a script its whole path, and a module nothing but what runpy says of it:
    its name, and the path of its file, which is none to run.
    """
    python = f"!py -{sys.version_info[0]}.{sys.version_info[1]}"
    return " ".join([python, _program(), *(_options(arguments) if arguments else ())])


def word(text: str) -> str:
    """``text`` as one word of a command line. The bootstrapper knows quotes, and no escapes; so
    what holds a quote was not typed there."""
    return f'"{text}"' if any(each in text for each in _PARTS) else text


def _program() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None:
        return f"-m {spec.name.removesuffix('.__main__')}"
    script = sys.argv[0] if sys.argv else ""
    return f'"{script}"' if script.endswith(".py") else f"-m {_MODULE}"


def _options(arguments: argparse.Namespace) -> list[str]:
    options = []
    for name, value in (
        ("-z", arguments.dump and shown(arguments.dump)),
        ("-y", arguments.symbol_path),
        ("--layout", arguments.layout),
        ("--engine", arguments.engine),
    ):
        if value:
            options += [name, word(value)]
    return [*options, *(["--no-symbols"] if arguments.no_symbols else [])]
