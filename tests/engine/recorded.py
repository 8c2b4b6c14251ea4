"""The live commands, held against what a real 7 SP1's dispatcher did when it was asked the same.

By hand the engine debugs that kernel itself, whose file is named; all commands, or some::

    python -m tests.engine.recorded KERNEL [trace] [only-blocked] [who-blocks] [guard] [watch]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Callable, NamedTuple

from pykd_ext.notify.ntstatus import status_text
from tests.lab.kd.recorded import Fact, recorded_scenarios
from tests.lab.kd.script import Operation, Script, Work
from tests.lab.kd.scripts import SCRIPTS

from .engine import Engine
from .live_command import LiveRun, live_regcb, operations

__all__ = ["Seen", "differences", "expected", "seen"]

_ALTITUDES = {"high": "400000", "middle": "300000", "low": "200000"}
_CLOSE = 14
_PRE = (1, _CLOSE, 26)
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


def _trace(engine: Engine, kernel: Path, folder: Path) -> Iterator[str]:
    """Every operation, with every verdict."""
    log = folder / "trace.jsonl"
    words = ("trace", "--each", "--count", str(len(expected())), "--jsonl", log)
    _run(engine, kernel, SCRIPTS["recorded"], *words)
    yield from differences(operations(log))


def _only_blocked(engine: Engine, kernel: Path, folder: Path) -> Iterator[str]:
    """The operations that somebody refused, before or after, and what their callers got. Nothing
    stops for a post-notification that changes ReturnStatus and does not say so."""
    log = folder / "blocked.jsonl"
    wanted = [each for _, each in expected() if _refusal(each) or _overruling(each)]
    words = ("trace", "--only-blocked", "--for", "60", "--jsonl", log)
    _run(engine, kernel, SCRIPTS["recorded"], *words)
    for real, ours in zip_longest(wanted, map(seen, operations(log))):
        told = ours and (ours.number, _refusal(ours), ours.result)
        if told != (real and (real.number, _refusal(real), real.result)):
            yield f"the kernel did {real}, regcb says {ours}"


def _who_blocks(engine: Engine, kernel: Path, _folder: Path) -> Iterator[str]:
    """The first refusal, by whom and with what."""
    altitude, _, status = next(filter(None, (_refusal(each) for _, each in expected())))
    said = _run(engine, kernel, SCRIPTS["recorded"], "who-blocks", "HKLM\\SOFTWARE\\Example").output
    yield from (
        f"who-blocks does not say {word}"
        for word in (f"altitude  {altitude}", status_text(status), "stage.sys blocks it")
        if word not in said
    )


def _guard(engine: Engine, kernel: Path, folder: Path) -> Iterator[str]:
    """A rule in place of the middle callback's verdict, to the effect of its own."""
    refused = {
        "set-value": "the middle one refuses",
        "create": "a create is refused",
    }
    path = folder / "policy.toml"
    path.write_text(
        "[[rule]]\nclasses = ['SetValueKey', 'CreateKeyEx']\naction = 'deny'\n", "ascii"
    )
    key = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
    asked = tuple(Operation(kind, key, "0", bytes(4)) for kind in refused)
    work = Work("regedit.exe", 0x1A3C, 0x1A40, asked, rounds=2)
    script = SCRIPTS["recorded"]
    actors = tuple(each._replace(acts=()) for each in script.actors)
    script = script._replace(work=(work,), actors=actors)
    run = _run(engine, kernel, script, "guard", path, "--at", "300000", "--count", "3")
    (thread,) = run.state["operations"]
    got = {each["kind"]: each["status"] for each in thread if each["count"]}
    real = dict(expected())
    wanted = {kind: real[scenario].result for kind, scenario in refused.items()}
    if got != wanted:
        yield f"the kernel gave {wanted}, under guard {got}"


def _watch(engine: Engine, kernel: Path, _folder: Path) -> Iterator[str]:
    """One that comes and goes by the kernel's own functions."""
    said = _run(engine, kernel, SCRIPTS["coming-and-going"], "watch", "--count", "2").output
    for word in (" registered: ", " unregistered: "):
        if said.count(word) != 1:
            yield f"watch says{word}{said.count(word)} times"


_HELD: dict[str, Callable[[Engine, Path, Path], Iterator[str]]] = {
    "trace": _trace,
    "only-blocked": _only_blocked,
    "who-blocks": _who_blocks,
    "guard": _guard,
    "watch": _watch,
}


def _refusal(operation: Seen) -> tuple[str, str, int] | None:
    """The pre verdict that refused it, if it counts: a handle is closed whatever callbacks say."""
    refusals = (
        each
        for each in operation.verdicts
        if each[1] == "pre" and each[2] >> 31 and each[2] != _BYPASS
    )
    return None if operation.number == _CLOSE else next(refusals, None)


def _overruling(operation: Seen) -> bool:
    says_so = any(phase == "post" and status == _BYPASS for _, phase, status in operation.verdicts)
    return says_so and bool(operation.result >> 31)


def _run(engine: Engine, kernel: Path, script: Script, *words: str | Path) -> LiveRun:
    run = live_regcb(engine, script, *words, kernel=kernel)
    print(run.output + run.errors)
    print(json.dumps(run.counts), flush=True)
    return run


def main(kernel: Path, names: Sequence[str]) -> int:
    """The exit status: 0 where all is alike."""
    wrong = []
    with Engine.running() as engine, tempfile.TemporaryDirectory() as folder:
        for name in names or _HELD:
            wrong += [f"{name}: {each}" for each in _HELD[name](engine, kernel, Path(folder))]
    print("\n".join(wrong) or "all is as the real kernel's own")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
