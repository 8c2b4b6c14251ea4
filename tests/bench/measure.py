"""Time and peak memory of commands, taken in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Cost", "measure"]


class Cost(NamedTuple):
    """The medians of the seconds, and of those that a processor spent; the highest resident set,
    in bytes."""

    seconds: float
    processor: float
    peak: int


def measure(
    commands: Sequence[Sequence[str]], rounds: int, warm: bool = True, status: int = 0
) -> list[Cost]:
    """Each command's cost over ``rounds`` turns; the first turn warms the cache.

    All of them end with ``status``; SystemExit says which one does not.
    """
    samples: list[list[Cost]] = [[] for _ in commands]
    for turn in range(rounds + warm):
        for command, taken in zip(commands, samples):
            sample = _run(command, status)
            if turn >= warm:
                taken.append(sample)
    return [
        Cost(
            statistics.median(each.seconds for each in taken),
            statistics.median(each.processor for each in taken),
            max(each.peak for each in taken),
        )
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
seconds, processor = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
print(seconds, processor, os.WEXITSTATUS(status) or os.WTERMSIG(status), usage.ru_maxrss * 1024)
"""


def _run(command: Sequence[str], expected: int) -> Cost:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STARTER, *command],
        env=_ENVIRONMENT,
        capture_output=True,
        check=True,
        text=True,
    )
    seconds, processor, status, peak = done.stdout.split()
    if int(status) != expected:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    return Cost(float(seconds), float(processor), int(peak))
