"""Two processors in one callback: where each of them is. Run by attached.py."""

from __future__ import annotations

import json
from typing import Any

import pykd

HITS = 4


def stack(processor: int) -> list[str]:
    """The functions on its stack, innermost first."""
    pykd.dbgCommand(f"~{processor}s")
    lines = pykd.dbgCommand("k").splitlines()[1:]
    return [line.split()[-1].partition("+")[0] for line in lines]


if __name__ == "__main__":
    threads: list[int] = []

    def hit() -> Any:
        threads.append(pykd.getCurrentThread())
        return pykd.eventResult.Break if len(threads) == HITS else pykd.eventResult.Proceed

    place = pykd.setBp(pykd.module("stage").offset("StageCallback0"), hit)
    pykd.go()
    print(json.dumps({"threads": threads, "stacks": [stack(0), stack(1)]}))
