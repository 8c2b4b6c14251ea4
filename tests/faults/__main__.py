"""``python -m tests.faults [--most N] [WORD ...]``: a table of what was asked and answered."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Callable

from tabulate import tabulate

from .live_lab import LIVE
from .questions import QUESTIONS
from .sweep import Outcome, sweep, sweep_live


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*", help="only questions with one of these in them")
    parser.add_argument("--most", type=int, default=1_000_000, help="faults of a kind (all)")
    arguments = parser.parse_args()
    rows = []
    wrong = 0
    sweeps: dict[str, Callable[[int], Iterable[Outcome]]] = {
        **{str(question): partial(sweep, question) for question in QUESTIONS},
        **{f"live: {name}": partial(sweep_live, name) for name in LIVE},
    }
    for question, outcomes in sweeps.items():
        if arguments.words and not any(each in question for each in arguments.words):
            continue
        statuses: Counter[int] = Counter()
        bad = 0
        for outcome in outcomes(arguments.most):
            statuses[outcome.status] += 1
            bad += bool(outcome.complaints)
            for complaint in outcome.complaints:
                print(f"{question}, {outcome.fault}: {complaint}")
        rows.append((question, sum(statuses.values()), statuses[0] + statuses[1], statuses[2], bad))
        wrong += bad
    print(tabulate(rows, ("question", "faults", "answers", "refusals", "wrong")))
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
