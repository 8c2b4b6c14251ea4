"""The commands that there are: the files of ``commands/``."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from .. import commands
from .command import GROUPS, Command

__all__ = ["command_names", "find_command", "summaries"]


def command_names() -> list[str]:
    """As they are typed. Lists the folder, or the zip file that it lies in, and runs none of it."""
    return [each.name.replace("_", "-") for each in iter_modules(commands.__path__)]


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
