"""One question, asked again for every fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .answers import complaints
from .injected import KINDS, Fault, requests_counted
from .questions import Question

__all__ = ["Outcome", "faults_of", "sweep", "sweep_live"]


class Outcome(NamedTuple):
    """What came of a fault: the exit status, and what is wrong with the answer."""

    fault: Fault
    status: int
    complaints: list[str]


def faults_of(counts: dict[str, int], most: int) -> Iterator[Fault]:
    """Every n-th request of every kind, once alone and once with its multiples; where there are
    more than ``most`` of a kind, so many of them at even distances."""
    for kind in KINDS:
        count = counts[kind]
        chosen: Sequence[int] = range(1, count + 1)
        if count > most:
            chosen = sorted({1 + (count - 1) * index // (most - 1) for index in range(most)})
        for nth in chosen:
            yield Fault(kind, nth)
            if 2 * nth <= count:
                yield Fault(kind, nth, again=True)


def sweep(question: Question, most: int) -> Iterator[Outcome]:
    """``most``: as in :func:`faults_of`."""
    with requests_counted() as counts:
        sound = question.answer()
    assert not sound.crash, sound.crash
    for fault in faults_of(dict(counts), most):
        with requests_counted(fault):
            answer = question.answer()
        yield Outcome(fault, answer.status, list(complaints(sound, answer)))


def sweep_live(name: str, most: int) -> Iterator[Outcome]:
    """The same of a command of LIVE. Besides, whatever struck: no breakpoint stays, and the machine
    does the rest as if nobody had looked, but for what a guard has decided."""
    from .live_lab import followed  # needs unicorn

    sound, target = followed(name)
    assert not sound.crash, sound.crash
    counts, left = dict(target.counts), target.left()
    for fault in faults_of(counts, most):
        answer, target = followed(name, fault)
        wrong = list(complaints(sound, answer))
        if target.hooks:
            wrong.append(f"breakpoints are left in the target: {len(target.hooks)}")
        if target.left() != left and not name.startswith("guard"):
            wrong.append("the machine has done other things")
        yield Outcome(fault, answer.status, wrong)
