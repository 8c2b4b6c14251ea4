"""The commands that there are: the files of ``commands/``."""

from __future__ import annotations

import os
from importlib import import_module

from .. import commands
from .command import GROUPS, Command

__all__ = ["command_names", "find_command", "summaries"]


def command_names() -> list[str]:
    """As they are typed. Lists the folder, or the zip file that it lies in, and runs none of it."""
    (folder,) = commands.__path__
    try:
        files = os.listdir(folder)  # noqa: PTH208 - pathlib costs 3 ms
    except OSError:
        from pkgutil import iter_modules  # noqa: PLC0415 - 5 ms, most of it for inspect

        names = [each.name for each in iter_modules(commands.__path__)]
    else:
        names = sorted(each[:-3] for each in files if each.endswith(".py") and each[0] != "_")
    return [each.replace("_", "-") for each in names]


def find_command(name: str) -> Command:
    """The one called ``name``, which is one of :func:`command_names`."""
    module = import_module(f"{commands.__name__}.{name.replace('-', '_')}")
    command: Command = module.COMMAND
    return command


def summaries() -> str:
    """A line for each command, below the title of its group."""
    found = {name: find_command(name) for name in command_names()}
    width = max(map(len, found))
    lines = []
    for group, title in GROUPS.items():
        lines.append(f"{title}:")
        lines += [
            f"  {name:{width}}  {each.summary}"
            for name, each in found.items()
            if each.group == group
        ]
        lines.append("")
    return "\n".join(lines)
