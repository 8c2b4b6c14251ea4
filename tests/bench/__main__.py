"""Measures regcb against its targets and prints a row for each; exit status 1 when one is missed.

Ratios of medians, taken in turns so that a busy machine slows both sides alike. regcb runs as users
run it: installed in a virtual environment, compiled. volatility3 runs with the same dump's symbols
already converted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

from tests.lab import make_dump
from tests.support.long_run import Replay, recorded

from .large_kernel import large_kernel
from .measure import Cost, measure
from .rivals import bare_python, decoding, regcb, regcb_scan, regcb_verify, volatility

GIB = 1 << 30
MIB = 1 << 20
SEARCHED = 512 * MIB  # of memory, in the dump that is searched for callbacks
SCANNED = 200  # dumps
SCANNED_SIZE = 32 * MIB  # of each of them


class Row(NamedTuple):
    """One claim and what was measured."""

    what: str
    measured: float
    limit: float
    unit: str = "times"
    more_is_better: bool = False

    @property
    def holds(self) -> bool:
        if self.more_is_better:
            return self.measured >= self.limit
        return self.measured <= self.limit

    @property
    def target(self) -> str:
        return f"at {'least' if self.more_is_better else 'most'} {self.limit:.2f} {self.unit}"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            *against_rivals(Path(folder)), *against_size(Path(folder)), *against_types(),
            *of_check(Path(folder)), *of_scan(Path(folder)), *of_verify(Path(folder)),
            *of_long_runs(),
        ]  # fmt: skip
    print(
        tabulate(
            [
                (row.what, f"{row.measured:.2f}", row.target, "yes" if row.holds else "NO")
                for row in rows
            ],
            ("what", "measured", "target", "holds"),
        )
    )
    return 0 if all(row.holds for row in rows) else 1


def against_rivals(folder: Path) -> list[Row]:
    """`list` on the sample: against Python's bare start, and against volatility3."""
    truth = make_dump(folder / "sample.dmp")
    rivals = [bare_python(), regcb(truth), volatility(truth, folder)]
    bare, ours, theirs = measure(rivals, rounds=15)
    return [
        Row("list on the sample, to the bare start of Python", ours.seconds / bare.seconds, 5),
        Row("list on the sample, to a tenth of vol windows.callbacks",
            10 * ours.seconds / theirs.seconds, 1),
        Row("its peak memory, to volatility3's", ours.peak / theirs.peak, 1),
    ]  # fmt: skip


def against_size(folder: Path) -> list[Row]:
    """64 callbacks in 16 GiB, by runs and by bitmap, against 64 in the smallest dump."""
    small = make_dump(folder / "small.dmp", callbacks=64)
    large = [
        (kind, make_dump(folder / f"large-{kind}.dmp", dump_type=kind, callbacks=64, size=16 * GIB))
        for kind in (1, 5)
    ]
    costs: list[Cost] = measure([regcb(small), *(regcb(truth) for _, truth in large)], rounds=15)
    rows = []
    for (kind, _), cost in zip(large, costs[1:]):
        rows += [
            Row(f"list in 16 GiB (type {kind}), to the small dump",
                cost.seconds / costs[0].seconds, 1.5),
            Row(f"its memory above the small dump's (type {kind})",
                (cost.peak - costs[0].peak) / MIB, 50, "MiB"),
        ]  # fmt: skip
    return rows


def against_types() -> list[Row]:
    """Decoding a set value, to what volatility3 takes to read the same structures."""
    seconds = decoding()
    ratio = seconds["regcb"] / seconds["volatility3"]
    return [Row("10,000 decodes, to volatility3 reading the same structures", ratio, 1)]


def of_check(folder: Path) -> list[Row]:
    """`check` to `list`, and what its search of a dump's memory costs; the file is sparse."""
    small = make_dump(folder / "checked.dmp")
    large = make_dump(folder / "searched.dmp", callbacks=64, size=SEARCHED)
    commands = [
        regcb(small), regcb(small, "check"),
        regcb(large, "check", "--no-carve"), regcb(large, "check"),
    ]  # fmt: skip
    listed, checked, unsearched, searched = measure(commands, rounds=9)
    rate = SEARCHED / 1e6 / (searched.seconds - unsearched.seconds)
    return [
        Row("check of the sample, to list", checked.seconds / listed.seconds, 3),
        Row("searching 512 MiB of memory for callbacks", rate, 300, "MB/s", more_is_better=True),
        Row("its memory above check of the sample",
            (searched.peak - checked.peak) / MIB, 50, "MiB"),
    ]  # fmt: skip


def of_scan(folder: Path) -> list[Row]:
    """The same dump under many names, by one process and by two."""
    truth = make_dump(folder / "scanned.dmp", size=SCANNED_SIZE)
    many = folder / "many"
    many.mkdir()
    for index in range(SCANNED):
        os.link(truth.path, many / f"{index}.dmp")
    one, two = measure([regcb_scan(many, truth.symbols, jobs) for jobs in (1, 2)], rounds=5)
    what = f"scan of {SCANNED} dumps of 32 MiB: two processes, to one"
    return [Row(what, one.seconds / two.seconds, 1.7, more_is_better=True)]


def of_verify(folder: Path) -> list[Row]:
    """Of a kernel with 12 MiB of code and no symbols, all of which is searched."""
    (cost,) = measure([regcb_verify(large_kernel(folder))], rounds=3)
    return [
        Row("verify of a kernel with 12 MiB of code", cost.seconds, 20, "s"),
        Row("its memory", cost.peak / 1e6, 300, "MB"),
    ]


def of_long_runs() -> list[Row]:
    """100,000 operations of threads that end, a third of them in a callback: first and last."""
    recorded()  # which takes the lab's time
    replay, seconds, kept = Replay(), [], []
    for first in range(0, 100_000, 10_000):
        start = time.perf_counter()
        replay.run(first, first + 10_000)
        seconds.append(time.perf_counter() - start)
        kept.append(replay.kept())
    return [
        Row("following the last 10,000 of 100,000 operations, to the first",
            seconds[-1] / seconds[0], 1.3),
        Row("what is kept of them then, to what was after 10,000", kept[-1] / kept[0], 1.05),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
