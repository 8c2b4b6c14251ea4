"""A sample of the sweep: what is not in an answer is said to be missing, and nobody sees a
traceback."""

from __future__ import annotations

import pytest

from .live_lab import LIVE
from .questions import QUESTIONS, Question
from .sweep import sweep, sweep_live

MOST, MOST_LIVE = 5, 3  # faults of a kind, alone and with their multiples


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_no_answer_is_silent(question: Question) -> None:
    outcomes = list(sweep(question, MOST))
    assert len(outcomes) > MOST
    wrong = [f"{each.fault}: {what}" for each in outcomes for what in each.complaints]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.toolchain
@pytest.mark.parametrize("name", LIVE)
def test_a_stop_is_left_as_it_was(name: str) -> None:
    outcomes = list(sweep_live(name, MOST_LIVE))
    assert len(outcomes) > MOST_LIVE
    wrong = [f"{each.fault}: {what}" for each in outcomes for what in each.complaints]
    assert wrong == [], "\n".join(wrong)
