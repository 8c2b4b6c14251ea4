"""What following costs, counted on the wire of the live lab: KD requests for one operation."""

from __future__ import annotations

import pytest

from .engine import Engine
from .placements import requests_per_operation

FLOOR = 10  # of a stop in the debug registers of one processor
MOST = {
    "trace": FLOOR + 5,
    "own-class": 2 * FLOOR + 4,
    "other-key": FLOOR + 3,
    "other-process": FLOOR + 1.5,
    "other-thread": FLOOR + 1.5,
    "other-class": 0.5,
    "refused": 25.5,
    "nobody-refuses": 0.5,
}


@pytest.mark.parametrize("what", MOST)
def test_an_operation_costs_no_more_with_64_callbacks(engine: Engine, what: str) -> None:
    assert requests_per_operation(engine, what, 64) <= MOST[what]


@pytest.mark.parametrize("callbacks", [1, 16])
def test_an_operation_costs_the_same_with_any_number_of_callbacks(
    engine: Engine, callbacks: int
) -> None:
    assert requests_per_operation(engine, "trace", callbacks) <= MOST["trace"]


def test_what_an_operation_costs_on_more_processors(engine: Engine) -> None:
    """In software: three breakpoints that are taken out and put back."""
    assert requests_per_operation(engine, "trace", 16, processors=2) <= 20


def test_what_every_verdict_costs(engine: Engine) -> None:
    assert requests_per_operation(engine, "trace-each", 16) <= 12 * 2 * 16


def test_a_trace_costs_no_more_than_the_engines_own_breakpoints(engine: Engine) -> None:
    """Which do not even see what the callbacks return."""
    each, gc = (requests_per_operation(engine, variant, 4) for variant in ("trace-each", "gc"))
    assert each <= gc
