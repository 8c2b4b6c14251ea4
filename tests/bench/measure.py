"""Wall time and peak memory of commands, taken in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Cost", "measure"]


class Cost(NamedTuple):
    """The median of the seconds, and the highest resident set, in bytes."""

    seconds: float
    peak: int


def measure(commands: Sequence[Sequence[str]], rounds: int) -> list[Cost]:
    """Each command's cost over ``rounds`` turns; the first turn warms the cache."""
    samples: list[list[tuple[float, int]]] = [[] for _ in commands]
    for turn in range(rounds + 1):
        for command, taken in zip(commands, samples):
            sample = _run(command)
            if turn:
                taken.append(sample)
    return [
        Cost(statistics.median(seconds for seconds, _ in taken), max(peak for _, peak in taken))
        for taken in samples
    ]


# The commands run as installed, not as this process was started.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


# A process's highest resident set counts what it was before exec, a copy of whoever started it. So
# a bare Python starts the command; its own size, about 12 MiB, is the least that can be measured.
_STARTER = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - start, status, usage.ru_maxrss * 1024)
"""


def _run(command: Sequence[str]) -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STARTER, *command],
        env=_ENVIRONMENT,
        capture_output=True,
        check=True,
        text=True,
    )
    seconds, status, peak = done.stdout.split()
    if int(status):
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    return float(seconds), int(peak)
