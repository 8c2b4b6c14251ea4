"""One input held against the limits, and a run of inputs by atheris."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.fuzzer import Fuzzer

__all__ = ["SECONDS", "Limits", "Run", "TooMuch", "fuzz", "hold", "statistics"]

SECONDS, MEGABYTES = 5, 512  # of one input
_SLOWER = 4  # times, with every branch counted
_PLACE = re.compile(r'File ".*?((?:pykd_ext|tests/fuzz)/.*?)", line (\d+)')


class Limits(NamedTuple):
    """Of a run: seconds, or inputs and then the same ones each time; 0 for none."""

    seconds: int = 0
    runs: int = 0


class Run(NamedTuple):
    """What a run did: inputs, edges and features seen, inputs kept for new ones."""

    executions: int
    edges: int
    features: int
    kept: int


class TooMuch(AssertionError):
    """An input took more time or memory than any may."""


def hold(fuzzer: Fuzzer, data: bytes, seconds: float = SECONDS) -> None:
    """Runs one input; raises what it raises, TooMuch beyond ``seconds`` of the processor or 512 MB
    more than before."""
    before, start = _peak(), time.process_time()
    fuzzer.run(data)
    spent, grown = time.process_time() - start, _peak() - before
    if spent > seconds:
        raise TooMuch(f"{spent:.1f} s of the processor")
    if grown > MEGABYTES:
        raise TooMuch(f"{grown} MB more memory")


def _peak() -> int:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def fuzz(fuzzer: Fuzzer, limits: Limits, corpus: Path, found: Path) -> None:
    """Runs inputs until the limits, and ends the process. Each kind of failure is told once on
    standard output, its input written into ``found``."""
    import atheris

    for seed in fuzzer.seeds():
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    kinds: set[str] = set()

    def one_input(data: bytes) -> None:
        try:
            hold(fuzzer, data, SECONDS * _SLOWER)
        except Exception as error:
            _keep(error, data, kinds, found)

    options = [
        f"-max_len={fuzzer.longest}", "-timeout=600", "-rss_limit_mb=4096", "-print_final_stats=1",
        f"-artifact_prefix={found}/",
        *([f"-max_total_time={limits.seconds}"] if limits.seconds else []),
        *([f"-runs={limits.runs // fuzzer.cost}", "-seed=14"] if limits.runs else []),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input)
    atheris.Fuzz()


def _keep(error: Exception, data: bytes, kinds: set[str], found: Path) -> None:
    said = "".join(traceback.format_exception(error))
    places = [f"{name}:{line}" for name, line in _PLACE.findall(said)]
    kind = " ".join([type(error).__name__, *places[-1:]])
    if kind in kinds:
        return
    kinds.add(kind)
    path = found / hashlib.sha1(data).hexdigest()[:12]
    path.write_bytes(data)
    print(f"FOUND {kind} by {path}\n{said}", flush=True)
    if len(kinds) > 100:
        os._exit(1)


def statistics(log: str) -> Run:
    """What libFuzzer said at its end."""
    executions = re.findall(r"stat::number_of_executed_units:\s*(\d+)", log)
    seen = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/", log)
    numbers = seen[-1] if seen else (0, 0, 0)
    return Run(int(executions[-1]) if executions else 0, *map(int, numbers))
