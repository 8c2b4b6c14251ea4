"""Measures regcb against what its issues want and against its peers, and prints one table; exit
status 1 when a target is missed.

``python -m tests.bench [GROUP...]``: a quarter of an hour. Without groups it writes
docs/benchmarks.md too. Medians of a processor's time, taken in turns, so that a busy machine slows
both sides alike; of the clock's where several processes work. regcb runs as users run it: installed
in a virtual environment, compiled. volatility3 runs with the same dump's symbols already converted.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

from tests.lab import make_dump
from tests.support.long_run import Replay, recorded

from .images import images
from .large_kernel import large_kernel
from .measure import Cost, measure
from .peers import peers
from .requests import requests
from .rivals import (
    bare_python,
    decoding,
    regcb,
    regcb_scan,
    regcb_verify,
    unscanned,
    volatility,
)
from .rows import Row, at_least, table

GIB = 1 << 30
MIB = 1 << 20
SEARCHED = 512 * MIB  # of memory, in the dump that is searched for callbacks
SCANNED = 200  # dumps
FLEET = 5_000
SCANNED_SIZE = 32 * MIB  # of each of them


def main(words: list[str]) -> int:
    """Exit status; ``words`` are names of groups, none for all."""
    unknown = sorted(set(words) - set(GROUPS))
    if unknown:
        print(f"no group {unknown[0]}: there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    rows = []
    load = os.getloadavg()[0]
    for name in words or GROUPS:
        print(f"{name}...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            rows += GROUPS[name](Path(folder))
    print(table(rows))
    if not words:
        PAGE.write_text(page(rows, load), "utf-8")
    return 1 if any(row.holds == "NO" for row in rows) else 0


def page(rows: list[Row], load: float) -> str:
    """docs/benchmarks.md. ``load``: how many processes wanted to run before the first of ours."""
    where = (
        f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} processors, "
        f"of which others wanted {load:.1f}"
    )
    return f"""# Benchmarks

Written by `python -m tests.bench` ({where}):
what the issues want of regcb, what was measured, and the same beside its peers. Seconds are a
processor's, but for `scan`; medians, taken in turns. Memory is the highest resident set.

{table(rows, "github")}

volatility3 2.28 has the kernel's symbols converted beforehand, ntoseye and regcb have the PDB,
Kdrill uses none. ntoseye and pykd have no command for registry callbacks: their scripts are in
tests/bench/scripts, and read the list's own fields alone. The machines are the lab's; an image that
is full has a library's code in its empty pages.

Of targets that are missed: volatility3 takes a second for the image of 16 GiB, since the lab's page
tables lie where it looks first; the target comes from an image of which it searched all, for 94.
What `--process` and `--thread` reject has a stop, 10 requests of the debugger engine's own, and one
for the thread; the engine's own filters for them would lose verdicts on a second processor. What
`--key` rejects has two beside the stop, and each key is looked at again after five seconds. `list`
over KD costs more than a plain script below ten callbacks: it asks for the modules, the version and
the cookie too. What a second process gives `scan` on two idle processors is what it gives the same
dumps without a scan, which stands below it: reading alone gains no more on a machine whose memory
others use.
"""


def against_rivals(folder: Path) -> list[Row]:
    """`list` on the sample: against Python's bare start, and against volatility3."""
    truth = make_dump(folder / "sample.dmp")
    rivals = [bare_python(), regcb(truth), volatility(truth, folder)]
    bare, ours, theirs = measure(rivals, rounds=15)
    return [
        Row(2, "list on the sample, to the bare start of Python",
            ours.processor / bare.processor, 5),
        at_least(2, "vol windows.callbacks on the sample, to list",
            theirs.processor / ours.processor, 10),
        Row(2, "list's peak memory, to volatility3's", ours.peak / theirs.peak, 1),
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
            Row(2, f"list in 16 GiB (type {kind}), to the small dump",
                cost.processor / costs[0].processor, 1.5),
            Row(2, f"its memory above the small dump's (type {kind})",
                (cost.peak - costs[0].peak) / MIB, 50, "MiB"),
        ]  # fmt: skip
    return rows


def of_decoding(_: Path) -> list[Row]:
    """Decoding a set value, to what volatility3 takes to read the same structures."""
    seconds = decoding()
    ratio = seconds["regcb"] / seconds["volatility3"]
    return [Row(3, "10,000 decodes, to volatility3 reading the same structures", ratio, 1)]


def of_check(folder: Path) -> list[Row]:
    """`check` to `list`, and what its search of a dump's memory costs; the file is sparse."""
    small = make_dump(folder / "checked.dmp")
    large = make_dump(folder / "searched.dmp", callbacks=64, size=SEARCHED)
    commands = [
        regcb(small), regcb(small, "check"),
        regcb(large, "check", "--no-carve"), regcb(large, "check"),
    ]  # fmt: skip
    listed, checked, unsearched, searched = measure(commands, rounds=9)
    rate = SEARCHED / 1e6 / (searched.processor - unsearched.processor)
    return [
        Row(5, "check of the sample, to list", checked.processor / listed.processor, 3),
        at_least(5, "searching 512 MiB of a dump for callbacks", rate, 300, "MB/s"),
        Row(5, "its memory above check of the sample",
            (searched.peak - checked.peak) / MIB, 50, "MiB"),
    ]  # fmt: skip


def of_scan(folder: Path) -> list[Row]:
    """The same dump under many names, on one core and on two."""
    many, symbols = _same_dump(folder / "many", SCANNED, SCANNED_SIZE)
    commands = [made(many, symbols, cores) for made in (regcb_scan, unscanned) for cores in (1, 2)]
    one, two, alone, both = measure(commands, rounds=5)
    what = f"scan of {SCANNED} dumps of 32 MiB: two cores, to one"
    ratio = one.seconds / two.seconds
    return [
        at_least(5, what, ratio, 1.7),
        at_least(14, what, ratio, 1.9),
        Row(14, "the same dumps, no scan, half of them each", alone.seconds / both.seconds),
        *_many(folder),
    ]


def _many(folder: Path) -> list[Row]:
    """A fleet's: rate, and memory at a tenth of it and at its end."""
    commands = []
    for count in (FLEET // 10, FLEET):
        many, symbols = _same_dump(folder / str(count), count, None)
        commands.append(regcb_scan(many, symbols, 2))
    few, all_of_them = measure(commands, rounds=1, warm=False)
    return [
        Row(14, f"scan of {FLEET} dumps: memory, to that of {FLEET // 10}",
            all_of_them.peak / few.peak, 1.1),
        Row(14, "its rate", FLEET / all_of_them.seconds, unit="dumps/s"),
    ]  # fmt: skip


def _same_dump(folder: Path, count: int, size: int | None) -> tuple[Path, str]:
    """A folder with one dump under many names, and its symbols."""
    folder.mkdir()
    truth = make_dump(folder.with_suffix(".dmp"), size=size)
    for index in range(count):
        os.link(truth.path, folder / f"{index}.dmp")
    return folder, truth.symbols


def of_verify(folder: Path) -> list[Row]:
    """Of a kernel with 12 MiB of code and no symbols, all of which is searched."""
    (cost,) = measure([regcb_verify(large_kernel(folder))], rounds=3)
    return [
        Row(9, "verify of a kernel with 12 MiB of code", cost.processor, 20, "s"),
        Row(9, "its memory", cost.peak / 1e6, 300, "MB"),
    ]


def of_long_runs(_: Path) -> list[Row]:
    """100,000 operations of threads that end, a third of them in a callback: first and last."""
    recorded()  # which takes the lab's time
    replay, seconds, kept = Replay(), [], []
    for first in range(0, 100_000, 10_000):
        start = time.perf_counter()
        replay.run(first, first + 10_000)
        seconds.append(time.perf_counter() - start)
        kept.append(replay.kept())
    return [
        Row(10, "following the last 10,000 of 100,000 operations, to the first",
            seconds[-1] / seconds[0], 1.3),
        Row(10, "what is kept of them then, to what was after 10,000", kept[-1] / kept[0], 1.05),
    ]  # fmt: skip


GROUPS: dict[str, Callable[[Path], list[Row]]] = {
    "list": against_rivals, "size": against_size, "requests": requests, "decoding": of_decoding,
    "check": of_check, "verify": of_verify, "long-runs": of_long_runs, "images": images,
    "scan": of_scan, "peers": peers,
}  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
