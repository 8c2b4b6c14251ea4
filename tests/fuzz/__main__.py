"""Fuzzers, one after the other.

    python -m tests.fuzz                          every fuzzer for a minute
    python -m tests.fuzz callback_list --seconds 1800 --found /tmp/found --corpus /tmp/corpus
    python -m tests.fuzz callback_list --input /tmp/found/0123456789ab

For each: inputs run, edges and features (libFuzzer's) that were reached, failures. The exit status
is 1 where something was found.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.fuzz.instrument import import_instrumented


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
        print(
            f"{'fuzzer':16} {'inputs':>9} {'edges':>7} {'features':>9} {'kept':>6}  found",
            flush=True,
        )
        clean = [
            _run(each, limits, found / each, corpus / each) for each in arguments.names or NAMES
        ]
    return 0 if all(clean) else 1


def _run(name: str, limits: object, found: Path, corpus: Path) -> bool:
    """One fuzzer in a process of its own, and its line; whether it found nothing."""
    from tests.fuzz.harness import statistics

    for each in (found, corpus):
        each.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        child = os.fork()
        if not child:
            _child(name, limits, Path(folder), found, corpus, log)
        _, status = os.waitpid(child, 0)
        text = log.read_text("utf-8", "replace")
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


def _child(name: str, limits: object, folder: Path, found: Path, corpus: Path, log: Path) -> None:
    """Ends the process."""
    from tests.fuzz.fuzzers import fuzzer_class
    from tests.fuzz.harness import Limits, fuzz

    assert isinstance(limits, Limits)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    try:
        fuzz(fuzzer_class(name)(folder), limits, corpus, found)
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(_main())
