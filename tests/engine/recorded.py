"""``regcb trace`` of what a real 7 SP1's dispatcher was asked, held against what it did then.

By hand the engine debugs that kernel itself, whose file is named::

    python -m tests.engine.recorded KERNEL
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab.kd.recorded import Fact, recorded_scenarios
from tests.lab.kd.scripts import SCRIPTS

from .engine import Engine
from .live_command import live_regcb, operations

__all__ = ["Seen", "differences", "expected", "seen"]

_ALTITUDES = {"high": "400000", "middle": "300000", "low": "200000"}
_PRE = (1, 14, 26)
_BYPASS = 0xC0000503


class Seen(NamedTuple):
    """An operation: the class, what was asked of whom and what they said, (altitude, phase,
    status) each, in which callbacks it was asked for, and what its caller got."""

    number: int
    verdicts: tuple[tuple[str, str, int], ...]
    inside: tuple[str, ...]
    result: int


def seen(document: dict[str, Any]) -> Seen:
    """A line of ``trace --each --jsonl``."""
    verdicts = tuple(
        (each["altitude"], each["phase"], int(each["status"]["value"], 16))
        for each in document["verdicts"]
    )
    return Seen(
        document["class"]["number"],
        verdicts,
        tuple(each["altitude"] for each in document["inside"]),
        int(document["result"]["value"], 16),
    )


def expected() -> list[tuple[str, Seen]]:
    """Scenario by scenario, in the order in which they end."""
    return [(fact["scenario"], each) for fact in recorded_scenarios() for each in _of(fact)]


def _of(fact: Fact) -> Iterator[Seen]:
    """What it asks for and, before that, what its callbacks ask for meanwhile."""
    record = fact["record"]
    under_way: list[list[tuple[str, int]]] = []
    askers: list[str] = []
    nested = iter(record.get("nested", ()))
    for call in [*record["calls"], {"depth": 0, "callback": "", "class": None}]:
        while len(under_way) > call["depth"] + 1:
            inside = tuple(_ALTITUDES[each] for each in reversed(askers))
            yield _seen(fact, under_way.pop(), inside, next(nested))
            askers.pop()
        if call["class"] is None:
            break
        if len(under_way) == call["depth"]:
            if under_way:
                askers.append(under_way[-1][-1][0])
            under_way.append([])
        under_way[-1].append((call["callback"], call["class"]))
    yield _seen(fact, under_way.pop(), (), record)


def _seen(fact: Fact, calls: list[tuple[str, int]], inside: tuple[str, ...], record: Fact) -> Seen:
    verdicts = tuple(
        (_ALTITUDES[name], "pre" if number in _PRE else "post", _returned(fact, name, number))
        for name, number in calls
    )
    before = int(record["pre_returns"], 16)
    result = int(record.get("return_status", "0"), 16)
    if before & 0x8000_0000:
        result = 0 if before == _BYPASS else before
    return Seen(calls[0][1], verdicts, inside, result)


def _returned(fact: Fact, name: str, number: int) -> int:
    told = fact.get("acts", {}).get(name, {}).get(str(number), {})
    return int(told.get("returns", "0"), 16)


def differences(found: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each operation that is not what the real kernel did."""
    wanted, got = expected(), [seen(each) for each in found]
    lines = [
        f"{scenario}: the kernel did {real}, regcb says {ours}"
        for (scenario, real), ours in zip(wanted, got)
        if real != ours
    ]
    if len(wanted) != len(got):
        lines.append(f"{len(wanted)} operations were recorded, {len(got)} seen")
    return lines


def main(kernel: Path) -> int:
    """The exit status: 0 where all is alike."""
    count = str(len(expected()))
    with Engine.running() as engine, tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "trace.jsonl"
        words = ("trace", "--each", "--count", count, "--jsonl", log)
        run = live_regcb(engine, SCRIPTS["recorded"], *words, kernel=kernel)
        print(run.output + run.errors)
        found = operations(log)
    wrong = differences(found)
    print(json.dumps(run.counts))
    print("\n".join(wrong) or f"all {len(found)} operations are as the real kernel's own")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
