"""What a real 7 SP1's dispatcher was asked, as a script: scenario by scenario of ../tests/*.json.

Each scenario is one operation of the thread. What the three callbacks do in it, and which of them
ask the registry meanwhile, is in their acts, once each and in the order in which they were called.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from .script import Act, Actor, Operation, Script, Work

__all__ = ["recorded_scenarios", "recorded_script"]

_FACTS = Path(__file__).parents[1] / "tests" / "dispatch_x86_7601.json"
_KEY = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
_ALTITUDES = {"high": "400000", "middle": "300000", "low": "200000"}
_KINDS = {1: "set-value", 14: "close", 26: "create"}
_BYPASS = 0xC0000503

Fact = dict[str, Any]


def recorded_scenarios() -> list[Fact]:
    """Those that a thread of the lab can play: not with other callbacks, with contexts of the key,
    and with an operation that fails by itself."""
    facts: list[Fact] = json.loads(_FACTS.read_text(encoding="ascii"))["facts"]
    callbacks = [list(each) for each in _ALTITUDES.items()]
    return [
        each
        for each in facts
        if each["callbacks"] == callbacks
        and "key_contexts" not in each
        and each.get("succeeds", True)
    ]


def recorded_script() -> Script:
    """One round of all of them."""
    acts: defaultdict[str, list[Act]] = defaultdict(list)
    operations = []
    for index, fact in enumerate(recorded_scenarios()):
        operations.append(_operation(fact["class"], str(index)))
        for call in fact["record"]["calls"]:
            acts[call["callback"]] += _acts(fact, call["callback"], call["class"], str(index))
    actors = tuple(Actor(_ALTITUDES[name], tuple(acts[name])) for name in _ALTITUDES)
    work = Work("regedit.exe", 0x1A3C, 0x1A40, tuple(operations), rounds=1)
    return Script((work,), ("stage.sys",), actors)


def _operation(number: int, name: str) -> Operation:
    return Operation(_KINDS[number], _KEY, name, bytes(4))


def _acts(fact: Fact, callback: str, number: int, name: str) -> list[Act]:
    """What the callback does when it is told of class ``number`` there; the last act returns."""
    told = fact.get("acts", {}).get(callback, {}).get(str(number), {})
    acts = []
    if "asks" in told:
        asked = (_operation(told["asks"], name),)
        acts.append(Act("perform", number, times=1, operations=asked))
    status = int(told.get("returns", "0"), 16)
    if "return_status" in told:
        result = int(told["return_status"], 16)
        if status == _BYPASS:
            return [*acts, Act("overrule", number, result, times=1)]
        acts.append(Act("change", number, result, times=1))
    return [*acts, Act("return", number, status, times=1)]
