"""One input held against the limits, a run of inputs by atheris, and what each of many reaches."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.fuzzer import Fuzzer

__all__ = ["SECONDS", "Limits", "Run", "TooMuch", "features", "fuzz", "hold", "reach", "statistics"]

SECONDS, MEGABYTES = 5, 512  # of one input
_SLOWER = 4  # times, with every branch counted
_LONG = 2  # seconds, with every branch counted: too long for one of many that are kept
_PLACE = re.compile(r'File ".*?((?:pykd_ext|tests/fuzz)/.*?)", line (\d+)')


class Limits(NamedTuple):
    """Of a run: seconds, or inputs beside the first ones, the same ones each time; 0 for none."""

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


def fuzz(fuzzer: Fuzzer, first: Sequence[bytes], limits: Limits, corpus: Path, found: Path) -> None:
    """Runs the ``first`` inputs and others that it makes of them until the limits, and ends the
    process. Each kind of failure is told once on standard output, its input written into
    ``found``."""
    for each in first:
        (corpus / hashlib.sha1(each).hexdigest()).write_bytes(each)
    kinds: set[str] = set()
    runs = len(set(first)) + limits.runs // fuzzer.cost

    def one_input(data: bytes) -> None:
        try:
            hold(fuzzer, data, SECONDS * _SLOWER)
        except Exception as error:
            _keep(error, data, kinds, found)

    options = [
        f"-max_len={fuzzer.longest}", "-timeout=600", "-rss_limit_mb=4096", "-print_final_stats=1",
        f"-artifact_prefix={found}/",
        *([f"-max_total_time={limits.seconds}"] if limits.seconds else []),
        *([f"-runs={runs}", "-seed=14"] if limits.runs else []),
    ]  # fmt: skip
    _run([*options, str(corpus)], one_input)


def reach(fuzzer: Fuzzer, inputs: Sequence[Path], control: Path) -> None:
    """Runs each of the files ``inputs`` once, writes what it reaches into the file ``control``, and
    ends the process. Of those that fail or take long nothing is written."""
    # What libFuzzer's own merge tells the process that it starts (FuzzerMerge.cpp).
    control.write_text("\n".join([str(len(inputs)), "0", *map(str, inputs), ""]))
    left_out = control.with_suffix(".left-out").open("w", buffering=1)

    def one_input(data: bytes) -> None:
        try:
            hold(fuzzer, data, _LONG)
        except Exception:
            print(hashlib.sha1(data).hexdigest(), file=left_out)

    _run(["-merge_inner=1", f"-merge_control_file={control}"], one_input)


def features(control: Path) -> dict[bytes, set[int]]:
    """What :func:`reach` has written: inputs, and the numbers of the features of each."""
    lines = control.read_text().splitlines()
    inputs = [Path(each).read_bytes() for each in lines[2 : 2 + int(lines[0])]]
    left_out = control.with_suffix(".left-out").read_text().split()
    found = (each.split() for each in lines if each.startswith("FT "))
    reached = {inputs[int(number)]: set(map(int, numbers)) for _, number, *numbers in found}
    return {
        each: numbers
        for each, numbers in reached.items()
        if hashlib.sha1(each).hexdigest() not in left_out
    }


def _run(options: Sequence[str], one_input: Callable[[bytes], None]) -> None:
    import atheris

    atheris.Setup([sys.argv[0], *options], one_input)
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
