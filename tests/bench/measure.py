"""Wall time and peak memory of commands, taken in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
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


def _run(command: Sequence[str]) -> tuple[float, int]:
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed: {errors.decode()[-500:]}")
    return seconds, usage.ru_maxrss * 1024
