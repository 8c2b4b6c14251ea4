"""Fuzzers, one after the other.

    python -m tests.fuzz                          every fuzzer for a minute
    python -m tests.fuzz callback_list --seconds 1800 --found /tmp/found --corpus /tmp/corpus
    python -m tests.fuzz callback_list --input /tmp/found/0123456789ab
    python -m tests.fuzz --corpus /tmp/corpus --keep        renew the repository's own inputs

For each: inputs run, edges and features (libFuzzer's) that were reached, failures. The exit status
is 1 where something was found.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.instrument import import_instrumented

if TYPE_CHECKING:
    from tests.fuzz.fuzzer import Fuzzer
    from tests.fuzz.harness import Limits


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help="fuzzers (all)")
    parser.add_argument("--seconds", type=int, default=60, help="of each (%(default)s)")
    parser.add_argument("--runs", type=int, default=0, help="inputs of each, in place of seconds")
    parser.add_argument("--found", type=Path, help="folder for inputs that fail")
    parser.add_argument(
        "--corpus",
        type=Path,
        help="folder that a run leaves its inputs in, and the next goes on from",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="run nothing new: put those of CORPUS that reach most into the repository",
    )
    parser.add_argument("--input", type=Path, help="run this one, and fail as it does")
    arguments = parser.parse_args()
    if arguments.input:
        from tests.fuzz.kept import run_input

        run_input(arguments.names[0], arguments.input.read_bytes())
        return 0
    import_instrumented()
    from tests.fuzz.fuzzers import NAMES
    from tests.fuzz.harness import Limits

    limits = Limits(runs=arguments.runs) if arguments.runs else Limits(arguments.seconds)
    with tempfile.TemporaryDirectory() as folder:
        found = arguments.found or Path(folder, "found")
        corpus = arguments.corpus or Path(folder, "corpus")
        if arguments.keep:
            for each in arguments.names or NAMES:
                _renew(each, corpus / each)
            return 0
        print(
            f"{'fuzzer':16} {'inputs':>9} {'edges':>7} {'features':>9} {'kept':>6}  found",
            flush=True,
        )
        clean = [
            _run(each, limits, found / each, corpus / each) for each in arguments.names or NAMES
        ]
    return 0 if all(clean) else 1


def _run(name: str, limits: Limits, found: Path, corpus: Path) -> bool:
    """One fuzzer in a process of its own, and its line; whether it found nothing."""
    from tests.fuzz.corpus import kept_inputs
    from tests.fuzz.harness import fuzz, statistics

    for each in (found, corpus):
        each.mkdir(parents=True, exist_ok=True)

    def work(fuzzer: Fuzzer) -> None:
        fuzz(fuzzer, [*fuzzer.seeds(), *kept_inputs(name)], limits, corpus, found)

    status, text = _in_a_process(name, work)
    run = statistics(text)
    # Between failures libFuzzer tells how it goes on.
    said = "\n".join(line for line in text.splitlines() if line[:1] not in ("#", ""))
    failures = said.count("FOUND ")
    sound = not failures and status == 0 and run.executions > 0
    print(
        f"{name:16} {run.executions:9} {run.edges:7} {run.features:9} {run.kept:6}  "
        f"{failures or ('' if sound else 'it ended early')}",
        flush=True,
    )
    if not sound:
        print(said[-20_000:], flush=True)
    return sound


def _renew(name: str, corpus: Path) -> None:
    """Keeps what reaches most, of what is kept and what the folder ``corpus`` has."""
    from tests.fuzz.corpus import chosen, kept_inputs, write_inputs
    from tests.fuzz.harness import features, reach

    with tempfile.TemporaryDirectory() as folder:
        # Copies: a fuzzer that still runs replaces its inputs by shorter ones.
        found_there = [path.read_bytes() for path in sorted(corpus.glob("*"))]
        for number, data in enumerate([*kept_inputs(name), *found_there]):
            Path(folder, str(number)).write_bytes(data)
        inputs = sorted(Path(folder).iterdir())
        if not inputs:
            print(f"{name:16} has no inputs", flush=True)
            return
        control = Path(folder, "control")
        _, text = _in_a_process(name, lambda fuzzer: reach(fuzzer, inputs, control))
        found = features(control)
    kept = chosen(found)
    if not kept:
        sys.exit(f"{name}: nothing was run\n{text[-20_000:]}")
    reached, of_all = (len(set().union(*(found[one] for one in each))) for each in (kept, found))
    what = f"{len(kept)} of {len(inputs)} inputs: {reached} of {of_all} features"
    print(f"{name:16} {what}", flush=True)
    write_inputs(name, kept)


def _in_a_process(name: str, work: Callable[[Fuzzer], None]) -> tuple[int, str]:
    """Has ``work`` do with the fuzzer what ends its process; its status, and all that it said."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        child = os.fork()
        if not child:
            _child(name, work, Path(folder), log)
        _, status = os.waitpid(child, 0)
        return status, log.read_text("utf-8", "replace")


def _child(name: str, work: Callable[[Fuzzer], None], folder: Path, log: Path) -> None:
    """Ends the process."""
    from tests.fuzz.fuzzers import fuzzer_class

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    try:
        work(fuzzer_class(name)(folder))
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(_main())
