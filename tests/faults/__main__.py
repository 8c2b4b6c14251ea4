"""``python -m tests.faults [--most N] [--lab] [WORD ...]``: a table of what was answered."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable

from tabulate import tabulate

from .live_lab import LIVE
from .questions import QUESTIONS, questions_of_the_lab
from .sweep import Outcome, sweep, sweep_live


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*", help="only questions with one of these in them")
    parser.add_argument("--most", type=int, default=1_000_000, help="faults of a kind (all)")
    parser.add_argument("--lab", action="store_true", help="of more Windows, too")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        questions = [*QUESTIONS, *(questions_of_the_lab(Path(folder)) if arguments.lab else ())]
        sweeps: dict[str, Callable[[int], Iterable[Outcome]]] = {
            **{str(question): partial(sweep, question) for question in questions},
            **{f"live: {name}": partial(sweep_live, name) for name in LIVE},
        }
        rows = [
            _row(question, outcomes(arguments.most))
            for question, outcomes in sweeps.items()
            if not arguments.words or any(word in question for word in arguments.words)
        ]
    total = ("all", *(sum(column) for column in zip(*(row[1:] for row in rows))))
    print(tabulate([*rows, total], ("question", "faults", "answers", "refusals", "wrong")))
    return bool(total[-1])


def _row(question: str, outcomes: Iterable[Outcome]) -> tuple[str, int, int, int, int]:
    statuses: Counter[int] = Counter()
    wrong = 0
    for outcome in outcomes:
        statuses[outcome.status] += 1
        wrong += bool(outcome.complaints)
        for complaint in outcome.complaints:
            print(f"{question}, {outcome.fault}: {complaint}")
    return question, sum(statuses.values()), statuses[0] + statuses[1], statuses[2], wrong


if __name__ == "__main__":
    raise SystemExit(main())
