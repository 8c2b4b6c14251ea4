"""Issue 14: the registry callbacks of one dump, by each tool that shows them."""

from __future__ import annotations

from pathlib import Path

from tests.lab import make_dump
from tests.lab.as_microsofts import as_microsofts

from .measure import measure
from .rivals import NotHere, kdrill, ntoseye, regcb, volatility
from .rows import Row, not_measured

__all__ = ["peers"]

_WHAT = "list of a dump with 64 callbacks, to {}"


def peers(folder: Path) -> list[Row]:
    """Ratios of wall times, and of memory; no issue has a target for them."""
    dump = make_dump(folder / "peers.dmp", callbacks=64, also=as_microsofts)
    tools = {"vol windows.callbacks": volatility, "Kdrill's creg": kdrill,
             "a script of ntoseye's": ntoseye}  # fmt: skip
    rows, commands = [], {"": regcb(dump)}
    for name, command in tools.items():
        try:
            commands[name] = command(dump, folder)
        except NotHere as error:
            rows.append(not_measured(14, _WHAT.format(name), str(error)))
    ours, *others = measure(list(commands.values()), rounds=9)
    for name, theirs in zip(list(commands)[1:], others):
        rows += [
            Row(14, _WHAT.format(name), ours.processor / theirs.processor,
                why=f"{ours.processor:.2f} s to {theirs.processor:.2f} s"),
            Row(14, f"its memory, to that of {name}", ours.peak / theirs.peak),
        ]  # fmt: skip
    return rows
