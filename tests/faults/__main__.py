"""``python -m tests.faults [--most N] [WORD ...]``: a table of what was asked and answered."""

from __future__ import annotations

import argparse
from collections import Counter

from tabulate import tabulate

from .questions import QUESTIONS
from .sweep import sweep


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*", help="only questions with one of these in them")
    parser.add_argument("--most", type=int, default=1_000_000, help="faults of a kind (all)")
    arguments = parser.parse_args()
    rows = []
    wrong = 0
    for question in QUESTIONS:
        if arguments.words and not any(each in str(question) for each in arguments.words):
            continue
        statuses: Counter[int] = Counter()
        bad = 0
        for outcome in sweep(question, arguments.most):
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
